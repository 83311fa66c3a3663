//! A Chromium of the tests' own, driven through a pipe by its own protocol (<https://chromedevtools.github.io/devtools-protocol/>): no port is
//! opened, and nothing is asked of anybody.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::needs::{Need, program};

pub(crate) const CHROMIUM: Need = Need::Program("chromium", "chromium");

/// It shows files alone: whatever it does for itself beside that is turned off.
const FLAGS: [&str; 15] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=Translate,OptimizationHints,MediaRouter",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--remote-debugging-pipe",
];

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) dark: bool,
}

/// A browser with one page, gone at the end.
pub(crate) struct Browser {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    last: u64,
    session: Option<String>,
    /// What it told by itself since it was asked last.
    events: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let profile = tempfile::Builder::new().prefix("sonae-chromium-").tempdir().unwrap();
        let chromium = program("chromium").expect("the check needs it");
        // It reads what it is asked from 3, and answers to 4.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"]).arg(chromium).args(FLAGS);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command.env("HOME", profile.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut browser = Self { child, to, from, last: 0, session: None, events: vec![], _profile: profile };
        let target = browser.asks("Target.createTarget", json!({"url": "about:blank"}));
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.asks("Target.attachToTarget", target);
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Network", "Runtime", "Log"] {
            browser.asks(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Asks, and waits for the answer.
    pub(crate) fn asks(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let to = self.to.as_mut().expect("it is open");
        to.write_all(message.to_string().as_bytes()).and_then(|()| to.write_all(b"\0")).unwrap();
        loop {
            let mut told = self.hears();
            if told["id"] == self.last {
                assert!(told.get("error").is_none(), "{method}: {}", told["error"]);
                return told["result"].take();
            }
            self.events.push(told);
        }
    }

    fn hears(&mut self) -> Value {
        let mut bytes = vec![];
        let read = self.from.read_until(0, &mut bytes).unwrap();
        assert!(read > 0, "Chromium ended: {:?}", self.child.try_wait());
        bytes.pop();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// How pages are looked at from now on.
    pub(crate) fn looks(&mut self, look: Look) {
        let Look { width, height, dark } = look;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.asks("Emulation.setDeviceMetricsOverride", metrics);
        self.medium("screen", dark);
    }

    /// Whether it is on a screen or on paper, and dark.
    pub(crate) fn medium(&mut self, medium: &str, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.asks("Emulation.setEmulatedMedia", json!({"media": medium, "features": features}));
    }

    pub(crate) fn scripts(&mut self, are_run: bool) {
        self.asks("Emulation.setScriptExecutionDisabled", json!({"value": !are_run}));
    }

    /// Opens a file, and waits until it is loaded; answers what went amiss, and all that was asked for beside it.
    pub(crate) fn opens(&mut self, file: &Path) -> Vec<String> {
        self.events.clear();
        let url = format!("file://{}", file.display());
        let answer = self.asks("Page.navigate", json!({"url": url}));
        assert!(answer.get("errorText").is_none(), "{answer}");
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let told = self.hears();
            self.events.push(told);
        }
        self.amiss(&url)
    }

    /// What went amiss since: errors, and requests for anything but this.
    pub(crate) fn amiss(&mut self, url: &str) -> Vec<String> {
        let amiss = |event: &Value| {
            let parameters = &event["params"];
            match event["method"].as_str()? {
                "Network.requestWillBeSent" => {
                    let asked = parameters["request"]["url"].as_str()?;
                    (asked != url && !asked.starts_with("data:")).then(|| format!("it asks for {asked}"))
                }
                "Runtime.exceptionThrown" => Some(format!("a script failed: {}", parameters["exceptionDetails"])),
                "Runtime.consoleAPICalled" => Some(format!("a script said: {}", parameters["args"])),
                "Log.entryAdded" => Some(format!("logged: {}", parameters["entry"]["text"])),
                _ => None,
            }
        };
        self.events.drain(..).filter_map(|event| amiss(&event)).collect()
    }

    /// What an expression of JavaScript comes to in the page.
    pub(crate) fn evaluates(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.asks("Runtime.evaluate", asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression:.200}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// Presses a key, and lets it go.
    pub(crate) fn presses(&mut self, key: &str, code: u32) {
        let text = if key.chars().count() == 1 { key } else { "" };
        let key = |kind| json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
        self.asks("Input.dispatchKeyEvent", key(if text.is_empty() { "rawKeyDown" } else { "keyDown" }));
        let mut up = key("keyUp");
        up["text"] = json!("");
        self.asks("Input.dispatchKeyEvent", up);
    }

    /// The whole page as a picture, as far as `height_max`.
    pub(crate) fn paints(&mut self, file: &Path, width: u32, height_max: u32) {
        let tall = self.evaluates("Math.ceil(document.documentElement.scrollHeight)").as_u64().unwrap();
        let clip = json!({"x": 0, "y": 0, "width": width, "height": tall.min(height_max.into()), "scale": 1});
        let asked = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let shot = self.asks("Page.captureScreenshot", asked);
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends when nobody is left to ask it anything; one that does not is ended.
        drop(self.to.take());
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let _killed = self.child.kill();
        let _waited = self.child.wait();
    }
}
