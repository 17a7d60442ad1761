//! What a [`TestApp`] is to be.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use counterbell_test_postgres::Postgres;

use crate::database::Place;
use crate::installation::Installation;
use crate::{Backend, Smtp, TestApp, Volume, sample};

/// Settings of a [`TestApp`]; `.await` starts it.
#[must_use]
pub struct Setup {
    place: Place,
    origins: Vec<String>,
    recipients: Vec<String>,
    settings: Vec<(String, String)>,
    runner: Vec<String>,
    is_grouped: bool,
}

impl Setup {
    pub(crate) fn new(backend: Backend) -> Self {
        Self {
            place: Place::Backend(backend),
            origins: vec![sample::ORIGIN.to_owned()],
            recipients: vec![sample::RECIPIENT.to_owned()],
            settings: Vec::new(),
            runner: Vec::new(),
            is_grouped: false,
        }
    }

    /// Pages that may send to the site, instead of [`sample::ORIGIN`].
    pub fn origins(mut self, origins: &[&str]) -> Self {
        self.origins = origins.iter().map(|&origin| origin.to_owned()).collect();
        self
    }

    /// Who is told, instead of [`sample::RECIPIENT`].
    pub fn recipients(mut self, recipients: &[&str]) -> Self {
        self.recipients = recipients.iter().map(|&recipient| recipient.to_owned()).collect();
        self
    }

    /// Its first rule tells of a storm together, as it does outside of tests: most of these count the mails.
    pub fn grouped(mut self) -> Self {
        self.is_grouped = true;
        self
    }

    /// Its database is on this server of the test's own, not on the one all tests share.
    pub fn postgres(mut self, server: &Postgres) -> Self {
        self.place = Place::Server(server.url());
        self
    }

    /// Its database is a file on this volume.
    pub fn volume(mut self, volume: Volume) -> Self {
        self.place = Place::Volume(volume);
        self
    }

    /// One `COUNTERBELL_*` variable.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes responses that say they were given at any time in the past.
    pub fn any_age(self) -> Self {
        self.setting("COUNTERBELL_BACKDATE_DAYS", "36500")
    }

    /// The server may have this many files open, and connections are files.
    pub fn open_files(self, files: u32) -> Self {
        self.started_by(&["prlimit", &format!("--nofile={files}:{files}")])
    }

    /// This command starts the program, which is named behind it, and becomes it.
    pub fn started_by(mut self, command: &[&str]) -> Self {
        self.runner = command.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// Nobody reads the log once the server listens: then writing to it fails.
    pub fn unread_log(self) -> Self {
        self.started_by(&["bash", "-c", r#"exec "$@" 2> >(sed --unbuffered "/Listening on/q" >&2)"#, "bash"])
    }

    /// Mail goes to this server instead of into files.
    pub fn smtp(self, smtp: &Smtp) -> Self {
        self.setting("COUNTERBELL_SMTP_URL", &smtp.url())
            .setting("COUNTERBELL_SMTP_CA_FILE", &smtp.ca_file().display().to_string())
    }
}

impl IntoFuture for Setup {
    type Output = TestApp;
    type IntoFuture = Pin<Box<dyn Future<Output = TestApp>>>;

    fn into_future(self) -> Self::IntoFuture {
        let installation = Installation::new(self.place, self.settings, self.runner);
        let site_key = installation.create_site(&self.origins, &self.recipients);
        if !self.is_grouped {
            let each_alone =
                r#"UPDATE alert_rules SET document = replace(document, '{"grouped":{"most":5,"in":"15m"}}', '"now"')"#;
            installation.database().execute(each_alone);
        }
        Box::pin(TestApp::start(installation, site_key))
    }
}
