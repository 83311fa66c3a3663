"use strict";
(() => {
  const opened = [];
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details:not([open])").forEach((one) => { one.open = true; opened.push(one); });
  });
  addEventListener("afterprint", () => { opened.splice(0).forEach((one) => { one.open = false; }); });

  const graph = document.getElementById("picture");
  const controls = document.getElementById("controls");
  if (!graph || !controls) return;
  const stage = document.getElementById("stage");
  const box = graph.parentElement;
  const width = Number(graph.getAttribute("width"));
  const height = Number(graph.getAttribute("height"));
  const steps = [...graph.querySelectorAll("[data-step]")];
  let scale = 1;
  controls.hidden = false;

  // Keeps what is at this point of the box where it is.
  const zoom = (to, x = box.clientWidth / 2, y = box.clientHeight / 2) => {
    const before = scale;
    scale = Math.min(4, Math.max(0.05, to));
    graph.setAttribute("width", width * scale);
    graph.setAttribute("height", height * scale);
    box.scrollLeft = (box.scrollLeft + x) * scale / before - x;
    box.scrollTop = (box.scrollTop + y) * scale / before - y;
  };
  const fit = () => {
    const room = Math.max(200, innerHeight * 0.8 - 24);
    zoom(Math.min(1, (box.clientWidth - 2) / width, room / height));
  };
  const pan = (x, y) => box.scrollBy({ left: x * box.clientWidth * 0.4, top: y * box.clientHeight * 0.4 });
  const moves = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };
  const arrows = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };

  const middle = (step) => {
    const at = step.getBoundingClientRect();
    return [at.left + at.width / 2, at.top + at.height / 2];
  };
  // Scrolls the box alone: the page stays where it is read.
  const show = (step) => {
    const own = box.getBoundingClientRect();
    const [x, y] = middle(step);
    box.scrollBy({ left: x - own.left - own.width / 2, top: y - own.top - own.height / 2 });
  };

  // One stop for the whole picture: arrows lead from step to step.
  const enter = (step) => {
    steps.forEach((one) => one.setAttribute("tabindex", one === step ? "0" : "-1"));
  };
  if (steps.length) { enter(steps[0]); show(steps[0]); }
  const beside = (step, way) => {
    const [x, y] = middle(step);
    const [right, down] = moves[way];
    let best = null, nearest = Infinity;
    for (const other of steps) {
      const [ox, oy] = middle(other);
      const along = (ox - x) * right + (oy - y) * down;
      const across = Math.abs((ox - x) * down) + Math.abs((oy - y) * right);
      if (other !== step && along > 1 && along + 2 * across < nearest) { nearest = along + 2 * across; best = other; }
    }
    return best;
  };

  const keys = { "+": () => zoom(scale * 1.25), "=": () => zoom(scale * 1.25), "-": () => zoom(scale / 1.25), "0": () => zoom(1), "1": () => zoom(1), f: fit };
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.target.closest("[data-step]");
    const way = arrows[event.key];
    if (step && way) {
      const next = beside(step, way);
      if (next) { enter(next); next.focus({ preventScroll: true }); show(next); }
      event.preventDefault();
    } else if (keys[event.key]) {
      keys[event.key]();
      event.preventDefault();
    }
  });
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    const own = box.getBoundingClientRect();
    zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - own.left, event.clientY - own.top);
    event.preventDefault();
  }, { passive: false });

  let held = null, moved = false;
  box.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    held = [event.clientX, event.clientY, box.scrollLeft, box.scrollTop];
    moved = false;
  });
  addEventListener("pointermove", (event) => {
    if (!held) return;
    const [x, y, left, top] = held;
    if (Math.hypot(event.clientX - x, event.clientY - y) > 4) { moved = true; stage.classList.add("drag"); }
    if (moved) { box.scrollLeft = left + x - event.clientX; box.scrollTop = top + y - event.clientY; }
  });
  addEventListener("pointerup", () => { held = null; stage.classList.remove("drag"); });
  graph.addEventListener("dragstart", (event) => event.preventDefault());
  graph.addEventListener("click", (event) => { if (moved) { event.preventDefault(); moved = false; } });

  const field = document.getElementById("find");
  const told = document.getElementById("found");
  const listed = (step) => document.getElementById("step-" + step.dataset.step);
  let found = [], at = -1;
  const turn = (by) => {
    if (!found.length) return;
    document.querySelectorAll(".current").forEach((one) => one.classList.remove("current"));
    at = (at + by + found.length) % found.length;
    const step = found[at];
    step.classList.add("current");
    const line = listed(step);
    if (line) line.classList.add("current");
    enter(step);
    show(step);
    told.textContent = (at + 1) + " of " + found.length + ": step " + step.dataset.step;
  };
  const search = () => {
    const plain = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();
    const wanted = plain(field.value);
    const text = new Map(steps.map((step) => [step, plain(step.textContent + " " + (listed(step)?.textContent ?? ""))]));
    // The very words, one after the other; where no step has them, all of them anywhere.
    found = wanted ? steps.filter((step) => text.get(step).includes(wanted)) : [];
    if (wanted && !found.length) found = steps.filter((step) => wanted.split(" ").every((word) => text.get(step).includes(word)));
    steps.forEach((step) => step.classList.toggle("found", found.includes(step)));
    document.querySelectorAll(".current").forEach((one) => one.classList.remove("current"));
    at = -1;
    told.textContent = wanted ? "no step has it" : "";
    turn(1);
  };
  field.addEventListener("input", search);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { turn(event.shiftKey ? -1 : 1); event.preventDefault(); }
  });

  const acts = {
    in: () => zoom(scale * 1.25), out: () => zoom(scale / 1.25), usual: () => zoom(1), fit,
    previous: () => turn(-1), next: () => turn(1),
  };
  controls.addEventListener("click", (event) => {
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (!act) return;
    if (moves[act]) pan(...moves[act]); else acts[act]();
  });
})();
