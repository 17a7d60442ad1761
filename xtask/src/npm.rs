//! What the browser tests put on pages: packages of the npm registry, pinned, kept under target/ and never in the
//! repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha512};

use crate::{process, setup};

/// One version of one package.
struct Package {
    name: &'static str,
    version: &'static str,
    /// Of the archive, in hexadecimal digits, as `sha512sum` prints it.
    sha512: &'static str,
}

const PACKAGES: [Package; 10] = [
    Package {
        name: "axe-core",
        version: "4.14.1",
        sha512: "1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b73\
                 4f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5",
    },
    Package {
        name: "bootstrap",
        version: "5.3.9",
        sha512: "db4714d2b71fc3c59dc6d55b99f53ec53d848ef553c3d468aff87542f77b0d70\
                 ae8d183c38ef667410ac9931dd2457f706e69d981349b6022e517b01a92924ff",
    },
    Package {
        name: "tailwindcss",
        version: "4.3.5",
        sha512: "15c424f41b9f7e610724fd86d17981d92a6553568b4c8ee3d3b2ae9e4f94ef83\
                 72f978963adcd7cfd6ae8c567f6af9edc357b670ebffdcf920cdf950ee05f6bd",
    },
    Package {
        name: "@hotwired/turbo",
        version: "8.0.23",
        sha512: "199edc8a3c4467a220ef5bbbac3e8b1da46fff0704fe136c73e9c47e258e90b3\
                 6a5202cec28e4c34658ecb9655f595034a2431d67a3b6318d33674f83bafff71",
    },
    Package {
        name: "react",
        version: "18.3.1",
        sha512: "c12fa1020252851d0a844bcf240adfb8f54dd7e1f3d6dd18ea7e632eb1906e46\
                 f8bab80f13fd11bdefb590c075bffa16807826e1621c57e8bb176a53563fb689",
    },
    Package {
        name: "react-dom",
        version: "18.3.1",
        sha512: "e66e2740aa7ead945bd3d2cd1f9f463380714e1f76e75ff295b2886e97bb4e91\
                 b17c9fbd92fe812e42c15c88e3b296e06e720136a948db7b519d3593d2c9d423",
    },
    Package {
        name: "scheduler",
        version: "0.23.2",
        sha512: "50e4a1b0fc33ecdacc52a851eadd215a315dbaf3b36edbfbb680c7d7f848adf4\
                 4d2030679c159dd02c094c6bd3a67815966c0609d3fdfd997fb55ac3a9cb98cd",
    },
    Package {
        name: "react",
        version: "19.3.1",
        sha512: "40d85676dee7ae05565901b9f10b86b004778efdc76dee266f8bf3ef0d9cb271\
                 dabdc89926075ad423cd6a5745e9e571bfdd2e7778d45e92a51cbebd80edfccb",
    },
    Package {
        name: "react-dom",
        version: "19.3.1",
        sha512: "6346c0473e77961102d4d302012b34fe3f9f681ff3aaddd1f21a6f8357bcfbad\
                 59549e142f451d0b87016d77d931c22e86b7e07882d32def9978109abd03ed29",
    },
    Package {
        name: "scheduler",
        version: "0.28.0",
        sha512: "8eea2b7c2988908c3cb53fa9e415d29ba3c98d017fc9c11898acb3511088b7f4\
                 5a64884bf8fba56d0f58bb6cf51dd3890dda834e5c40d7ec4a0661d726c73303",
    },
];

/// Fetches what is missing; returns the directory that holds each package as `{name}@{version}`, its `/` as `-`.
///
/// # Errors
/// There is no npm and none can be installed, the registry cannot be reached, or an archive is not the pinned one.
pub fn ensure_packages() -> Result<PathBuf> {
    let directory = process::target_directory().join("tools/npm");
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    for package in &PACKAGES {
        let home = directory.join(package.folder());
        if !home.exists() {
            package.fetch_into(&home).with_context(|| format!("cannot fetch {}", package.wanted()))?;
        }
    }
    Ok(directory)
}

impl Package {
    fn wanted(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    fn folder(&self) -> String {
        self.wanted().replace('/', "-")
    }

    /// Packs it into a directory of its own beside `home`, which is there only once it is complete.
    fn fetch_into(&self, home: &Path) -> Result<()> {
        if process::output(Command::new("npm").arg("--version")).is_none() {
            setup::ensure_debian_packages("fetch what the browser tests put on pages", &["npm"])?;
        }
        let parent = home.parent().unwrap_or(home);
        let fresh = tempfile::tempdir_in(parent)?;
        let mut npm = Command::new("npm");
        npm.args(["pack", "--silent", &self.wanted(), "--pack-destination"]).arg(fresh.path());
        process::run(npm.current_dir(fresh.path()))?;
        let archive = fresh.path().join(self.archive());
        let bytes = fs::read(&archive).with_context(|| format!("npm left no {}", archive.display()))?;
        let sha512: String = Sha512::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        ensure!(sha512 == self.sha512, "its archive has the SHA-512 {sha512}, not the pinned {}", self.sha512);
        process::run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(fresh.path()))?;
        // Another run may have been faster; its files are the same.
        fs::rename(fresh.path().join("package"), home)
            .or_else(|error| if home.exists() { Ok(()) } else { Err(error) })?;
        Ok(())
    }

    /// How `npm pack` names the archive.
    fn archive(&self) -> String {
        format!("{}-{}.tgz", self.name.trim_start_matches('@').replace('/', "-"), self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_of_a_scoped_package_is_named_as_npm_does() {
        let package = Package { name: "@hotwired/turbo", version: "8.0.23", sha512: "" };
        assert_eq!(
            (package.folder(), package.archive()),
            ("@hotwired-turbo@8.0.23".into(), "hotwired-turbo-8.0.23.tgz".into())
        );
    }

    #[test]
    fn every_package_is_pinned() {
        for package in &PACKAGES {
            assert_eq!(package.sha512.len(), 128, "{}", package.wanted());
        }
    }
}
