//! Writes a statement's values into its text: a plan for placeholders would be a plan for anything.

/// The statement with its values in place of `?` or `$1`. `statement` is as Diesel shows it: text, then
/// `-- binds: [..]` with each value as Rust shows it.
pub fn inline(statement: &str, postgres: bool) -> String {
    let (sql, values) = parts(statement, postgres);
    let mut inlined = String::with_capacity(statement.len());
    let (mut quote, mut next) = (None, 0);
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('"' | '\'' | '`', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('?', None) => {
                next += 1;
                inlined.push_str(values.get(next - 1).map_or("?", String::as_str));
                continue;
            }
            ('$', None) => {
                let mut number = String::new();
                while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    number.push(digit);
                }
                let value = number.parse::<usize>().ok().and_then(|number| values.get(number.checked_sub(1)?));
                inlined.push_str(&value.cloned().unwrap_or_else(|| format!("${number}")));
                continue;
            }
            _ => {}
        }
        inlined.push(c);
    }
    inlined
}

/// The statement's text, and its values as literals.
pub fn parts(statement: &str, postgres: bool) -> (&str, Vec<String>) {
    let (sql, binds) = statement.rsplit_once(" -- binds: ").unwrap_or((statement, "[]"));
    (sql, split(binds).into_iter().map(|value| literal(value, postgres)).collect())
}

/// The parts of `[a, b]`, where a part may hold brackets and quoted text.
fn split(list: &str) -> Vec<&str> {
    let inner = list.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_default();
    let (mut depth, mut quoted, mut escaped) = (0_i32, false, false);
    let parts = inner.split(|c| {
        if quoted {
            (quoted, escaped) = (escaped || c != '"', !escaped && c == '\\');
            return false;
        }
        match c {
            '"' => quoted = true,
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn literal(value: &str, postgres: bool) -> String {
    if let Some(some) = value.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')')) {
        return literal(some, postgres);
    }
    if value == "None" {
        return "NULL".to_owned();
    }
    if let Some(text) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return format!("'{}'", unescape(text).replace('\'', "''"));
    }
    if value.starts_with("[[") {
        let items: Vec<_> = split(value).into_iter().map(|item| literal(item, postgres)).collect();
        return format!("ARRAY[{}]", items.join(", "));
    }
    if value.starts_with('[') {
        let bytes: Option<Vec<u8>> = split(value).into_iter().map(|byte| byte.parse().ok()).collect();
        let hex: String = bytes.unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect();
        return if postgres { format!("'\\x{hex}'::bytea") } else { format!("x'{hex}'") };
    }
    value.to_owned()
}

/// Takes back what `{:?}` does to a text.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('0') => plain.push('\0'),
            Some('u') => {
                let code: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                plain.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_where_placeholders_stood() {
        for (statement, sqlite, postgres) in [
            (
                r#"SELECT "a?" FROM `t` WHERE a = ? AND b <= ? LIMIT ? -- binds: [7, "it's, [ok]", 51]"#,
                r#"SELECT "a?" FROM `t` WHERE a = 7 AND b <= 'it''s, [ok]' LIMIT 51"#,
                r#"SELECT "a?" FROM `t` WHERE a = 7 AND b <= 'it''s, [ok]' LIMIT 51"#,
            ),
            (
                "SELECT a FROM t WHERE b = $2 AND a = $1 -- binds: [[1, 255], Some(\"\\u{e000}1 \\\"x\\\"\")]",
                "SELECT a FROM t WHERE b = '\u{e000}1 \"x\"' AND a = x'01ff'",
                "SELECT a FROM t WHERE b = '\u{e000}1 \"x\"' AND a = '\\x01ff'::bytea",
            ),
            ("SELECT a FROM t -- binds: []", "SELECT a FROM t", "SELECT a FROM t"),
        ] {
            assert_eq!(inline(statement, false), sqlite);
            assert_eq!(inline(statement, true), postgres);
        }
        let array = inline("SELECT a FROM t WHERE a = ANY($1) -- binds: [[[1], [2]]]", true);
        assert_eq!(array, "SELECT a FROM t WHERE a = ANY(ARRAY['\\x01'::bytea, '\\x02'::bytea])");
    }
}
