//! A page with a form, used as a browser without scripts uses it.

use reqwest::Method;
use scraper::{ElementRef, Html, Selector};
use url::{Url, form_urlencoded};

use crate::{Answer, TestApp};

/// A page, as it was answered, with what was typed and picked since.
pub struct FormPage<'a> {
    app: &'a TestApp,
    path: String,
    /// What the server answered.
    pub answer: Answer,
    document: Html,
    controls: Vec<Control>,
}

/// One field.
struct Control {
    name: String,
    value: String,
    /// Whether it can be switched on and off, rather than written into.
    switches: bool,
    alone: bool,
    is_on: bool,
}

impl<'a> FormPage<'a> {
    /// Asks for it.
    pub async fn open(app: &'a TestApp, path: &str) -> Self {
        let answer = app.get(path).await;
        Self::new(app, path, answer)
    }

    fn new(app: &'a TestApp, path: &str, answer: Answer) -> Self {
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{answer:?}");
        let document = Html::parse_document(answer.text());
        let controls = select(&document, "form input, form textarea").map(|field| Control::new(&field)).collect();
        Self { app, path: path.to_owned(), answer, document, controls }
    }

    /// Switches on the radio button or checkbox of this name and value.
    pub fn pick(mut self, name: &str, value: &str) -> Self {
        let named = |control: &Control| control.switches && control.name == name;
        let place = self.controls.iter().position(|control| named(control) && control.value == value);
        let place = place.unwrap_or_else(|| panic!("nothing named {name} with the value {value:?}: {:?}", self.answer));
        if self.controls[place].alone {
            self.controls.iter_mut().filter(|control| named(control)).for_each(|control| control.is_on = false);
        }
        self.controls[place].is_on = true;
        self
    }

    /// Switches off what is switched on under this name.
    pub fn leave(mut self, name: &str) -> Self {
        assert!(!self.picked(name).is_empty(), "nothing named {name} is on: {:?}", self.answer);
        self.controls.iter_mut().filter(|control| control.name == name).for_each(|control| control.is_on = false);
        self
    }

    /// Writes into the field of this name, in place of what is in it.
    pub fn write(mut self, name: &str, text: &str) -> Self {
        let field = self.controls.iter_mut().find(|control| !control.switches && control.name == name);
        let field = field.unwrap_or_else(|| panic!("no field {name}: {:?}", self.answer));
        text.clone_into(&mut field.value);
        self
    }

    /// What the form would send when the button with this value is pressed (HTML, "constructing the entry list").
    pub fn body(&self, button: &str) -> String {
        let buttons: Vec<_> = self.all("form button").filter_map(|button| button.attr("value")).collect();
        assert!(buttons.contains(&button), "{button} is none of {buttons:?}");
        let mut body = form_urlencoded::Serializer::new(String::new());
        for control in self.controls.iter().filter(|control| !control.switches || control.is_on) {
            // Browsers send line breaks so.
            body.append_pair(&control.name, &control.value.replace('\n', "\r\n"));
        }
        body.append_pair("go", button).finish()
    }

    /// Presses the button with this value; the page that is answered.
    pub async fn press(&self, button: &str) -> Self {
        self.send(self.body(button)).await
    }

    /// Sends this instead of what is in the fields.
    pub async fn send(&self, body: String) -> Self {
        let form = self.all("form").next().expect("a page with a form");
        let here = Url::parse(&self.app.url(&self.path)).unwrap();
        let there = here.join(form.attr("action").unwrap_or_default()).unwrap();
        let path = format!("{}?{}", there.path(), there.query().unwrap_or_default());
        let request = self.app.request(Method::POST, &path).body(body);
        let answer = self.app.send(request.header("content-type", "application/x-www-form-urlencoded")).await;
        Self::new(self.app, &path, answer)
    }

    /// Elements that match.
    pub fn all(&self, css: &str) -> impl Iterator<Item = ElementRef<'_>> {
        select(&self.document, css)
    }

    /// The text of the only match.
    pub fn text(&self, css: &str) -> String {
        let mut texts = self.all(css).map(|found| found.text().collect::<String>());
        let text = texts.next().unwrap_or_else(|| panic!("no {css}: {:?}", self.answer.text()));
        assert_eq!(texts.next(), None, "more than one {css}");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What is in the field of this name.
    pub fn value(&self, name: &str) -> &str {
        let mut found = self.controls.iter().filter(|control| !control.switches && control.name == name);
        let field = found.next().unwrap_or_else(|| panic!("no field {name}: {:?}", self.answer.text()));
        assert!(found.next().is_none(), "{name} is there twice");
        &field.value
    }

    /// Values of what is switched on under this name.
    pub fn picked(&self, name: &str) -> Vec<&str> {
        let named = self.controls.iter().filter(|control| control.switches && control.name == name);
        named.filter(|control| control.is_on).map(|control| control.value.as_str()).collect()
    }
}

impl Control {
    fn new(field: &ElementRef<'_>) -> Self {
        let attribute = |name| field.attr(name).unwrap_or_default().to_owned();
        let kind = attribute("type");
        let is_area = field.value().name() == "textarea";
        Self {
            name: attribute("name"),
            value: if is_area { field.text().collect() } else { attribute("value") },
            switches: matches!(kind.as_str(), "radio" | "checkbox"),
            alone: kind == "radio",
            is_on: field.attr("checked").is_some(),
        }
    }
}

fn select<'d>(document: &'d Html, css: &str) -> impl Iterator<Item = ElementRef<'d>> {
    let found: Vec<_> = document.select(&Selector::parse(css).unwrap()).collect();
    found.into_iter()
}
