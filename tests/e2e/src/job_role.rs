//! A place of AWS's whose role credentials a job uses: an endpoint of the test's own in front of the sandbox's, which a container is
//! told as a full URI.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// Where ECS has the credentials of roles, by path.
const ECS: (&str, u16) = ("169.254.170.2", 80);

/// What ECS has for a path now.
pub fn of_task(path: &str) -> Value {
    let mut stream = TcpStream::connect(ECS).expect("the sandbox has the endpoint");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", ECS.0).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers in text");
    let (_, body) = answer.split_once("\r\n\r\n").expect("it answers in HTTP");
    serde_json::from_str(body).expect("it answers in JSON")
}

/// An endpoint on this machine.
#[derive(Debug)]
pub struct Endpoint {
    port: u16,
    answer: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Endpoint {
    /// Starts it; it runs until the test ends, and has the credentials of a task.
    pub fn start(path: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there are ports");
        let port = listener.local_addr().expect("it listens").port();
        let this = Self { port, answer: Arc::default(), asked: Arc::default() };
        this.has(path);
        let (answer, asked) = (this.answer.clone(), this.asked.clone());
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
                    head.extend(byte);
                }
                asked.lock().expect("no holder panics").push(String::from_utf8_lossy(&head).into_owned());
                let answer = answer.lock().expect("no holder panics").clone();
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        this
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/credentials", self.port)
    }

    /// From now on it has the credentials of another task.
    pub fn has(&self, path: &str) {
        self.says("200 OK", "", &of_task(path).to_string());
    }

    /// From now on it answers so.
    pub fn says(&self, status: &str, header: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().expect("no holder panics") = format!(
            "HTTP/1.1 {status}\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
    }

    /// The heads of the requests since the last call.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("no holder panics"))
    }
}
