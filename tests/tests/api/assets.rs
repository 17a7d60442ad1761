//! What a host page loads.

use std::collections::BTreeSet;
use std::io::Read;

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend, TestApp};
use flate2::read::GzDecoder;
use reqwest::Method;

async fn get_with(app: &TestApp, path: &str, name: &str, value: &str) -> Answer {
    app.send(app.request(Method::GET, path).header(name, value)).await
}

/// Paths of the hashed files, as far as text names them.
fn asset_paths(text: &str) -> BTreeSet<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
    let names = text.split("assets/").skip(1).map(name);
    names.filter(|name: &String| name.contains('.')).map(|name| format!("/assets/{name}")).collect()
}

/// Every hashed file that the loader, or a script it loads, names.
async fn all_assets(app: &TestApp) -> BTreeSet<String> {
    let mut found = asset_paths(app.get("/widget.js").await.text());
    for script in found.clone().iter().filter(|path| path.ends_with(".js")) {
        found.extend(asset_paths(app.get(script).await.text()));
    }
    found
}

fn decoded(answer: &Answer) -> Vec<u8> {
    let mut bytes = Vec::new();
    match answer.header("content-encoding") {
        Some("br") => brotli::BrotliDecompress(&mut answer.body.as_slice(), &mut bytes).map(drop),
        Some("gzip") => GzDecoder::new(answer.body.as_slice()).read_to_end(&mut bytes).map(drop),
        other => panic!("encoded as {other:?}"),
    }
    .unwrap();
    bytes
}

fn media_type(answer: &Answer) -> &str {
    answer.header("content-type").unwrap().split(';').next().unwrap()
}

#[tokio::test]
async fn loader_is_cached_shortly_and_revalidated() {
    let app = TestApp::on(Backend::Sqlite).await;

    let loader = app.get("/widget.js").await;

    assert_eq!((loader.status, media_type(&loader)), (200, "text/javascript"));
    assert_eq!(loader.header("access-control-allow-origin"), Some("*"));
    let cache = loader.header("cache-control").unwrap();
    let max_age = cache.split("max-age=").nth(1).unwrap().split(',').next().unwrap();
    assert!((1..=3600).contains(&max_age.parse::<u32>().unwrap()), "{cache}");
    assert!(!cache.contains("immutable"), "{cache}");

    let etag = loader.header("etag").unwrap();
    let again = get_with(&app, "/widget.js", "if-none-match", etag).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(etag));
    assert_eq!(get_with(&app, "/widget.js", "if-none-match", "\"older\"").await.status, 200);
}

#[tokio::test]
async fn hashed_files_are_cached_for_good_and_arrive_compressed() {
    let app = TestApp::on(Backend::Sqlite).await;
    let assets = all_assets(&app).await;
    for extension in [".js", ".wasm"] {
        assert!(assets.iter().any(|path| path.ends_with(extension)), "no {extension} in {assets:?}");
    }

    for path in assets.iter().map(String::as_str).chain(["/widget.js"]) {
        let plain = get_with(&app, path, "accept-encoding", "identity").await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{path}");
        let expected_type = match path.rsplit('.').next() {
            Some("js") => "text/javascript",
            Some("wasm") => "application/wasm",
            Some("css") => "text/css",
            other => panic!("what is {other:?}?"),
        };
        for (accepted, encoding) in
            [("gzip, deflate, br, zstd", "br"), ("br", "br"), ("gzip", "gzip"), ("gzip, br;q=0", "gzip")]
        {
            let answer = get_with(&app, path, "accept-encoding", accepted).await;
            assert_eq!(answer.header("content-encoding"), Some(encoding), "{path} for {accepted}");
            assert_eq!(decoded(&answer), plain.body, "{path} as {encoding}");
            assert!(answer.body.len() < plain.body.len(), "{path} as {encoding}");
            assert_eq!(media_type(&answer), expected_type, "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
            assert!(answer.header("vary").unwrap().to_ascii_lowercase().contains("accept-encoding"), "{path}");
            if path != "/widget.js" {
                let cache = answer.header("cache-control").unwrap();
                assert!(cache.contains("immutable") && cache.contains("max-age=31536000"), "{path}: {cache}");
            }
        }
    }
}

#[tokio::test]
async fn unknown_file_is_not_found() {
    let app = TestApp::on(Backend::Sqlite).await;
    for path in ["/assets/nothing.js", "/assets/", "/assets/..%2fwidget.js"] {
        app.get(path).await.expect_problem(ProblemCode::NotFound);
    }
}

#[tokio::test]
async fn widget_is_told_its_survey_and_words() {
    let app = TestApp::on(Backend::Sqlite).await;
    let path = format!("/v1/widget/{}", app.site_key);

    let answer = app.send(app.request(Method::GET, &path).header("origin", "https://shop.example")).await;

    let config = answer.expect(200);
    assert_eq!(config["survey"]["metric"], "csat");
    assert_eq!(
        (config["survey"]["scale"]["min"].as_i64(), config["survey"]["scale"]["max"].as_i64()),
        (Some(1), Some(5))
    );
    assert!(config["texts"]["send"].is_string(), "{config}");
    assert!(answer.body.len() < 4_000, "small: {} bytes", answer.body.len());
    assert!(answer.header("access-control-allow-origin").is_some(), "{answer:?}");
    let etag = answer.header("etag").unwrap();
    let again = get_with(&app, &path, "if-none-match", etag).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[tokio::test]
async fn widget_of_an_unknown_site_is_not_found() {
    let app = TestApp::on(Backend::Sqlite).await;
    for site_key in ["site_0123456789abcdef", "shop"] {
        app.get(&format!("/v1/widget/{site_key}")).await.expect_problem(ProblemCode::UnknownSite);
    }
}
