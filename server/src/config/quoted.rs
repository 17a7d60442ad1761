//! What serde says of a config file, without what it quotes of it.

/// A value, or what stands in the place of a name, may be an address with its password: `database = "postgres://..."`.
pub(super) fn without_quoted(message: &str) -> String {
    if let Some((head, _, tail)) = parts(message, " string \"", "\", expected") {
        return format!("{head} a string, expected{tail}");
    }
    match parts(message, "unknown field `", "`, expected") {
        Some((head, name, tail)) if !is_name(name) => format!("{head}unknown field, expected{tail}"),
        _ => message.to_owned(),
    }
}

/// What stands before, between and after the two.
fn parts<'a>(message: &'a str, before: &str, after: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let (head, rest) = message.split_once(before)?;
    let (quoted, tail) = rest.rsplit_once(after)?;
    Some((head, quoted, tail))
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::super::ConfigFile;
    use super::*;

    #[test]
    fn value_is_not_quoted_and_a_name_is() {
        for (file, told) in [
            ("database = 'postgres://ann:s3cret@db/shop'", "invalid type: a string, expected struct DatabaseSettings"),
            ("[database]\n'postgres://ann:s3cret@db' = 1", "unknown field, expected `url`"),
            ("[database]\n's3`, expected cret' = 1", "unknown field, expected `url`"),
            ("[http]\nworkers = 's3cret\", expected'", "invalid type: a string, expected usize"),
            ("[database]\nurls = 's3cret'", "unknown field `urls`, expected `url`"),
            ("[database]\nurl = s3cret", "string values must be quoted, expected literal string"),
            ("[http]\ntrusted_proxies = ['s3cret']", "invalid IP address syntax"),
        ] {
            let error = toml::from_str::<ConfigFile>(file).err().unwrap();
            assert_eq!(without_quoted(error.message()), told, "{file}");
        }
    }
}
