//! An HTTP answer, read to its end.

use counterbell_shared::problem::{PROBLEM_JSON, Problem, ProblemCode};
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Status, headers and body.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as sent, not decompressed.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads the whole answer.
    ///
    /// # Errors
    /// The connection ended first.
    pub async fn read(response: reqwest::Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, body: response.bytes().await?.into() })
    }

    /// A header that is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next();
        assert!(values.next().is_none(), "{name} is there twice: {self:?}");
        value.map(|value| value.to_str().unwrap())
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON: {error}: {self:?}"))
    }

    /// The body as JSON, after a look at the status.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The body as a problem of this code, every member as the table of codes says.
    pub fn expect_problem(&self, code: ProblemCode) -> Problem {
        assert_eq!(self.status, code.status(), "{code}: {}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some(PROBLEM_JSON));
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem.code, code.as_str());
        assert_eq!(problem.kind, format!("urn:counterbell:problem:{code}"));
        assert_eq!((problem.status, problem.title.as_str()), (code.status(), code.title()));
        assert!(!problem.detail.is_empty(), "{problem:?}");
        problem
    }
}
