(() => {
  const complaints = [];
  document.querySelectorAll("details").forEach((one) => { one.open = true; });
  // The window of a telephone grows with what is too wide for it: the room is what the page is laid out for.
  const root = document.documentElement, room = root.clientWidth;
  if (root.scrollWidth > room) {
    const wide = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > room + 0.5 && !one.parentElement.closest(".wide"));
    complaints.push(`the page is ${root.scrollWidth} wide, and there is room for ${room}: ${wide.slice(0, 3).map((one) => one.outerHTML.slice(0, 120)).join(" | ")}`);
  }

  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (colour) => {
    if (!known.has(colour)) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      known.set(colour, [...context.getImageData(0, 0, 1, 1).data]);
    }
    return known.get(colour);
  };
  const light = ([r, g, b]) => {
    const part = (value) => { const c = value / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const contrast = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const isOpaque = (colour) => colour && colour !== "none" && rgba(colour)[3] === 255;
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const ground = getComputedStyle(one).backgroundColor;
      if (!(one instanceof SVGElement) && isOpaque(ground)) return rgba(ground);
    }
    return [255, 255, 255, 255];
  };
  // The filled shapes of a picture, in the order in which they are painted.
  const pictures = new Map();
  const shapes = (picture) => {
    if (!pictures.has(picture)) {
      const all = [...picture.querySelectorAll("rect, path, circle, polygon")];
      const filled = all.filter((shape) => isOpaque(getComputedStyle(shape).fill));
      pictures.set(picture, filled.map((shape) => ({ shape, box: shape.getBoundingClientRect() })));
    }
    return pictures.get(picture);
  };
  // The shape that a text stands on: the last that is painted before it and is under its middle.
  const shapeBehind = (element, x, y) => {
    let found = null;
    for (const { shape, box } of shapes(element.ownerSVGElement)) {
      if (box.left > x || x > box.right || box.top > y || y > box.bottom) continue;
      if (!(shape.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING)) continue;
      const point = new DOMPoint(x, y).matrixTransform(shape.getScreenCTM().inverse());
      if (shape.isPointInFill(point)) found = shape;
    }
    return found;
  };

  let texts = 0, hidden = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent.trim();
    const element = node.parentElement;
    if (!text || element.closest("script, style, title, [hidden], .skip")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    texts += 1;
    if (box.width < 1 || box.height < 1) {
      hidden += 1;
      complaints.push(`not seen: ${text.slice(0, 80)}`);
      continue;
    }
    const style = getComputedStyle(element);
    const isDrawn = element instanceof SVGElement;
    const shape = isDrawn && shapeBehind(element, box.left + box.width / 2, box.top + box.height / 2);
    const ground = shape ? rgba(getComputedStyle(shape).fill) : behind(element);
    const ink = rgba(isDrawn ? style.fill : style.color);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const found = contrast(ink, ground);
    if (ink[3] !== 255 || found < (isLarge ? 3 : 4.5)) {
      complaints.push(`contrast ${found.toFixed(2)} of ${text.slice(0, 60)} (${ink} on ${ground})`);
    }
    if (isDrawn && element.closest(".node")) {
      const own = element.closest(".node").querySelector(".shape").getBoundingClientRect();
      if (box.left < own.left + 1 || box.right > own.right - 1) complaints.push(`beyond its step: ${text}`);
    }
  }
  if (texts < 10) complaints.push(`only ${texts} texts`);
  return { complaints, texts };
})()
