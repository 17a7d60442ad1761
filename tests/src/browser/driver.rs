//! The programs that steer browsers.

use std::net::TcpListener;
use std::process::Command;

use fantoccini::wd::Capabilities;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::{Program, environment, wait};

/// What draws a page and runs its scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chrome, Edge and most others.
    Chromium,
    /// Debian's Firefox ESR.
    Firefox,
    /// WebKitGTK, the nearest to Safari that runs here.
    WebKit,
}

impl Engine {
    /// Those the main flows are tried in: Chromium as a rule, all with `--long`.
    pub fn of_main_flows() -> &'static [Self] {
        let all = &[Self::Chromium, Self::Firefox, Self::WebKit];
        if environment::long() { all } else { &all[..1] }
    }
}

/// A running driver; its browser's profile goes with it.
pub struct Driver {
    engine: Engine,
    // Dropped in this order: what shows a window, then where it is shown.
    program: Program,
    screen: Option<Program>,
    url: String,
    profile: TempDir,
}

impl Driver {
    /// Starts one on a free port.
    pub async fn start(engine: Engine) -> Self {
        let profile = TempDir::new().unwrap();
        let mut screen = None;
        let (program, port) = match engine {
            Engine::Chromium => chromedriver().await,
            Engine::Firefox => {
                let mut command = Command::new(environment::geckodriver());
                // The second is for a protocol nobody uses here; its usual one is taken when two browsers run.
                command.args(["--port=0", "--websocket-port=0", "--profile-root"]).arg(profile.path());
                let mut program = Program::start(&mut command);
                let port =
                    program.wait_for_output("port", |printed| port_after("Listening on 127.0.0.1:", printed)).await;
                (program, port)
            }
            Engine::WebKit => {
                // It has no headless mode.
                let mut display = Program::start(Command::new("Xvfb").args(SCREEN));
                // Among complaints about numbers that are taken.
                let number = |printed: &str| printed.lines().find_map(|line| line.parse::<u32>().ok());
                let number = display.wait_for_output("display", number).await;
                screen = Some(display);
                // It cannot choose its port itself, or would not say which it chose.
                let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
                let mut command = Command::new("WebKitWebDriver");
                command.arg(format!("--port={port}")).env("DISPLAY", format!(":{number}")).env("HOME", profile.path());
                // Software drawing, and no sandbox, which needs rights a container does not give.
                command.env("GDK_BACKEND", "x11").env("LIBGL_ALWAYS_SOFTWARE", "1").env("GSK_RENDERER", "cairo");
                command.env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1");
                let program = Program::start(&mut command);
                wait::until_true("WebKitWebDriver", async || TcpStream::connect(("127.0.0.1", port)).await.is_ok())
                    .await;
                (program, port)
            }
        };
        Self { engine, program, screen, url: format!("http://127.0.0.1:{port}"), profile }
    }

    /// What it steers.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A browser with a profile of its own that talks to nobody.
    pub fn capabilities(&self) -> Capabilities {
        let capabilities = match self.engine {
            Engine::Chromium => counterbell_test_chromium::capabilities(self.profile.path()),
            Engine::Firefox => json!({
                "browserName": "firefox",
                "moz:firefoxOptions": {
                    "binary": "/usr/bin/firefox-esr",
                    "args": ["-headless", "--width=1024", "--height=768"],
                    "prefs": { "network.proxy.type": 0, "intl.accept_languages": "en-US" },
                },
            }),
            Engine::WebKit => json!({
                "browserName": "MiniBrowser",
                "webkitgtk:browserOptions": { "binary": environment::mini_browser(), "args": ["--automation"] },
            }),
        };
        let Value::Object(capabilities) = capabilities else { unreachable!("made in the lines above") };
        capabilities
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.program.kill();
        if let Some(screen) = &mut self.screen {
            screen.kill();
        }
    }
}

/// A screen for one browser; prints its number on standard output once it is there.
const SCREEN: [&str; 7] = ["-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"];

/// One on a free port of its own choice. It takes that of IPv4 first, then the same of IPv6, which another may have by
/// then: so it ends now and then where many start, and is started again.
async fn chromedriver() -> (Program, u16) {
    loop {
        let mut program = Program::start(Command::new("chromedriver").arg("--port=0"));
        if let Some(port) = program.output_or_end("port", counterbell_test_chromium::driver_port).await {
            return (program, port);
        }
        assert!(program.printed().contains("on port 0"), "chromedriver does not start: {}", program.printed());
    }
}

/// The digits after `words`.
fn port_after(words: &str, printed: &str) -> Option<u16> {
    let (_, rest) = printed.split_once(words)?;
    let end = rest.find(|character: char| !character.is_ascii_digit())?;
    rest[..end].parse().ok()
}
