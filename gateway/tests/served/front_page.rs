//! The page at `/`: there for everyone, and nothing that a browser could run or send.

use crate::house::House;
use reqwest::{Client, Method};

#[actix_web::test]
async fn a_browser_is_told_what_this_is_and_runs_nothing() {
    let house = House::start().await;
    let client = Client::builder().no_proxy().build().unwrap();
    let url = house.anyone().base().replace("/fhir", "/");
    for method in [Method::GET, Method::HEAD] {
        let answer = client.request(method, &url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers().get(name).unwrap().to_str().unwrap();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
    }
    let page = client.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("/fhir/metadata"));
    for active in [
        "<script",
        "javascript:",
        "onload",
        "<form",
        "<img",
        "@import",
    ] {
        assert!(!page.contains(active), "{active}");
    }
    // The links of the page lead somewhere.
    for link in ["fhir/metadata", "readyz"] {
        let answer = client.get(format!("{url}{link}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{link}");
    }
}
