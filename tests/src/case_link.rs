//! Links of mails to cases, and the page that they open, used as a browser without scripts uses it.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Method, redirect};
use scraper::{Html, Selector};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use crate::{Answer, TestApp};

/// What links are signed with where the setting `COUNTERBELL_LINK_KEYS` is this.
pub const LINK_KEY: &str = "kZ0Wb6u8oYf3rT5qGm1nXc7vLd2sHj9aPe4iQyUwBtE=";

/// What a link says, as the server signs it.
#[derive(Clone, Copy, Debug)]
pub struct CaseLink {
    /// What it is for: 1 is a case, 2 a group.
    pub purpose: u8,
    /// In the database.
    pub site_id: i64,
    /// Of the case or the group.
    pub subject_id: [u8; 16],
    /// Whose it is.
    pub person_id: i64,
    /// Unix seconds.
    pub expires_s: i64,
    /// Of the person, and of the case.
    pub generations: [u32; 2],
}

impl CaseLink {
    /// The token in its address.
    pub fn token(&self) -> String {
        let secret: [u8; 32] = Sha256::digest(LINK_KEY).into();
        let key_id = Sha256::new().chain_update("counterbell link key id").chain_update(secret).finalize();
        let mut bytes = vec![1];
        bytes.extend(&key_id[..4]);
        bytes.push(self.purpose);
        bytes.extend(self.site_id.to_be_bytes());
        bytes.extend(self.subject_id);
        bytes.extend(self.person_id.to_be_bytes());
        bytes.extend(self.expires_s.to_be_bytes());
        self.generations.iter().for_each(|generation| bytes.extend(generation.to_be_bytes()));
        let signature = Hmac::<Sha256>::new_from_slice(&secret).unwrap().chain_update(&bytes).finalize().into_bytes();
        bytes.extend(&signature[..16]);
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The path of its page.
    pub fn path(&self) -> String {
        format!("/{}/{}", if self.purpose == 2 { "group" } else { "case" }, self.token())
    }
}

/// A page with forms, by what each does.
pub struct CaseForm<'a> {
    app: &'a TestApp,
    path: String,
    /// What the server answered.
    pub answer: Answer,
}

impl<'a> CaseForm<'a> {
    /// Asks for the page.
    pub async fn open(app: &'a TestApp, path: &str) -> Self {
        let answer = app.get(path).await;
        Self { app, path: path.to_owned(), answer }
    }

    /// The body of the form that does this, with these fields filled in.
    pub fn body(&self, action: &str, fields: &[(&str, &str)]) -> String {
        let document = Html::parse_document(self.answer.text());
        let hidden = format!("form:has(input[name=action][value={action}]) input[name=entry_id]");
        let hidden = Selector::parse(&hidden).unwrap();
        let entry = document.select(&hidden).next().and_then(|input| input.attr("value"));
        let entry = entry.unwrap_or_else(|| panic!("no form does {action}: {}", self.answer.text()));
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("action", action).append_pair("entry_id", entry).extend_pairs(fields).finish()
    }

    /// Presses the button of a form; what is answered at once.
    pub async fn press(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.body(action, fields)).await
    }

    /// Sends this.
    pub async fn send(&self, body: String) -> Answer {
        let path = self.path.split('?').next().unwrap();
        let client = reqwest::Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        let request = client.request(Method::POST, self.app.url(path)).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        Answer::read(request.send().await.unwrap()).await.unwrap()
    }

    /// Presses the button of a form, which must lead back to the page; the page.
    pub async fn done(&self, action: &str, fields: &[(&str, &str)]) -> Self {
        let answer = self.press(action, fields).await;
        assert_eq!(answer.status, 303, "{action}: {}", answer.text());
        let place = answer.header("location").unwrap();
        assert_eq!(place, format!("?done={action}"));
        Self::open(self.app, &format!("{}{place}", self.path.split('?').next().unwrap())).await
    }

    /// The text of what matches, one after the other.
    pub fn text(&self, css: &str) -> String {
        texts(&self.answer, css)
    }
}

/// The text of what matches in an answer, one after the other.
pub fn texts(answer: &Answer, css: &str) -> String {
    let document = Html::parse_document(answer.text());
    let found: Vec<_> = document.select(&Selector::parse(css).unwrap()).flat_map(|found| found.text()).collect();
    found.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}
