//! `admin-api serve` as a process of its own, to be killed.
//!
//! Owns: its start on ports that nobody else has, where it says that it answers.
//! Does not own: what it is asked.
//! Always: what it says to standard error is read, so that it never waits for its own log; warnings and errors are passed on.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::{Process, World, program};

/// How long a program may take to say where it answers.
const SAID_WITHIN: Duration = Duration::from_secs(30);

/// A serving program.
pub struct ApiProcess {
    process: Process,
    said: Receiver<String>,
}

impl World {
    /// Starts a program of the API over this world, on any port; the jobs of the night are left to the test.
    pub fn spawn_api(&self, arguments: &[&str]) -> ApiProcess {
        let mut child = Command::new(program("admin-api"))
            .args(["--log", "warn,admin_api::cli=info", "serve", "--listen", "127.0.0.1:0", "--no-jobs"])
            .args(["--postgres", &self.postgres, "--clickhouse", &self.clickhouse_url])
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .expect("admin-api starts");
        let errors = child.stderr.take().expect("standard error is a pipe");
        let (tell, said) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                if !line.contains(" INFO ") {
                    eprintln!("{line}");
                }
                // Nobody has to listen any more.
                let _ = tell.send(line);
            }
        });
        ApiProcess { process: Process(child), said }
    }
}

impl ApiProcess {
    /// The address that it says to answer on; waits for it.
    pub fn address(&self) -> SocketAddr {
        self.address_after("the admin API answers on http://")
    }

    /// The address that stands behind these words; what it has said before them is forgotten.
    pub fn address_after(&self, words: &str) -> SocketAddr {
        let begun = Instant::now();
        loop {
            let left = SAID_WITHIN.saturating_sub(begun.elapsed());
            let line = self.said.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("admin-api has ended, or has not said `{words}` in time"));
            if let Some((_, rest)) = line.split_once(words) {
                let address = rest.split(['/', ' ']).next().unwrap_or_default();
                return address.parse().unwrap_or_else(|_| panic!("{line}: no address"));
            }
        }
    }

    /// SIGKILL.
    pub fn kill(self) {
        self.process.kill();
    }
}
