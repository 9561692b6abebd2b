//! `_lastUpdated` and `_sort`: what was written when, in order, page by page, on both
//! databases.

use crate::{
    caller::{Caller, Reply},
    database::Kind,
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

fn ids(page: &Reply) -> Vec<String> {
    let resources = page.resources();
    resources
        .iter()
        .map(|resource| resource["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Records of one type, each later than the one before: id and time.
async fn written(system: &Caller, count: usize) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for number in 0..count {
        let body = records::patient(&format!("p{}", number % 2));
        let made = system.post("Patient", body).await.expect(201);
        all.push((made.id(), time(&made.json())));
        actix_web::rt::time::sleep(Duration::from_millis(3)).await;
    }
    all
}

fn time(resource: &Value) -> String {
    resource["meta"]["lastUpdated"].as_str().unwrap().to_owned()
}

async fn found(system: &Caller, query: &str) -> Vec<String> {
    let page = system.get(&format!("Patient?{query}")).await.expect(200);
    assert_eq!(page.next(), None, "{query}");
    ids(&page)
}

async fn prefixes_name_what_was_written_then(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let all = written(&system, 5).await;
    let pick =
        |range: &[usize]| -> Vec<String> { range.iter().map(|at| all[*at].0.clone()).collect() };
    let third = &all[2].1;
    for (prefix, expected) in [
        ("", vec![2]),
        ("eq", vec![2]),
        ("ne", vec![0, 1, 3, 4]),
        ("gt", vec![3, 4]),
        ("sa", vec![3, 4]),
        ("ge", vec![2, 3, 4]),
        ("lt", vec![0, 1]),
        ("eb", vec![0, 1]),
        ("le", vec![0, 1, 2]),
    ] {
        let query = format!("_lastUpdated={prefix}{third}");
        assert_eq!(found(&system, &query).await, pick(&expected), "{prefix}");
    }
    let (second, fourth) = (&all[1].1, &all[3].1);
    for (query, expected) in [
        (
            format!("_lastUpdated=ge{second}&_lastUpdated=le{fourth}"),
            vec![1, 2, 3],
        ),
        (format!("_lastUpdated={second},{fourth}"), vec![1, 3]),
        (
            format!("_lastUpdated=lt{second}&_lastUpdated=gt{fourth}"),
            vec![],
        ),
        (
            format!("_lastUpdated={}", &second[..4]),
            vec![0, 1, 2, 3, 4],
        ),
        (
            format!("_lastUpdated=ap{}", &second[..4]),
            vec![0, 1, 2, 3, 4],
        ),
        (format!("_lastUpdated=lt{}", &second[..4]), vec![]),
        (format!("_lastUpdated=gt{second}&identifier=p1"), vec![3]),
        (
            format!("_lastUpdated=le{fourth}&_sort=-_lastUpdated"),
            vec![3, 2, 1, 0],
        ),
        (
            format!("_id={},{}&_sort=-_lastUpdated", all[1].0, all[3].0),
            vec![3, 1],
        ),
        ("identifier=p0&_sort=_lastUpdated".to_owned(), vec![0, 2, 4]),
    ] {
        assert_eq!(found(&system, &query).await, pick(&expected), "{query}");
    }
}

async fn pages_in_the_order_of_time_stay_whole(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let all = written(&system, 9).await;
    let touched = [1, 7];
    for sort in ["_lastUpdated", "-_lastUpdated"] {
        let first = format!("Patient?_sort={sort}&_count=2");
        let mut page = system.get(&first).await.expect(200);
        let (mut seen, mut number) = (Vec::new(), 0);
        loop {
            let own = ids(&page);
            assert!(own.len() <= 2);
            seen.extend(own);
            number += 1;
            assert!(number < 40, "the pages do not end");
            if number == 2 {
                // One behind and one ahead, whatever the order; and a new one.
                for at in touched {
                    let body = records::with_id(records::patient("changed"), &all[at].0);
                    system
                        .put(&format!("Patient/{}", all[at].0), body)
                        .await
                        .expect(200);
                }
                system.create("Patient", records::patient("new")).await;
            }
            let Some(next) = page.next() else { break };
            page = system.get(&next).await.expect(200);
        }
        let order: Vec<&String> = seen
            .iter()
            .filter(|id| left_alone(&all, touched, id))
            .collect();
        let mut expected: Vec<&String> = all.iter().map(|(id, _)| id).collect();
        expected.retain(|id| left_alone(&all, touched, id));
        if sort.starts_with('-') {
            expected.reverse();
        }
        assert_eq!(order, expected, "{sort}");
    }
}

fn left_alone(all: &[(String, String)], touched: [usize; 2], id: &str) -> bool {
    all.iter().any(|(own, _)| own == id) && touched.iter().all(|at| all[*at].0 != id)
}

async fn by_patient_in_the_order_of_time(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let (one, other) = (
        system.create("Patient", records::patient("a")).await,
        system.create("Patient", records::patient("b")).await,
    );
    let mut expected = Vec::new();
    for of in [&one, &other, &one, &other, &one] {
        let id = system.create("Observation", records::observation(of)).await;
        if of == &one {
            expected.push(id);
        }
        actix_web::rt::time::sleep(Duration::from_millis(3)).await;
    }
    let mut seen = Vec::new();
    let query = format!("Observation?patient={one}&_sort=-_lastUpdated&_count=1&_total=accurate");
    let mut page = system.get(&query).await.expect(200);
    assert_eq!(page.json()["total"], 3);
    loop {
        seen.extend(ids(&page));
        let Some(next) = page.next() else { break };
        page = system.get(&next).await.expect(200);
    }
    expected.reverse();
    assert_eq!(seen, expected);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 3);
}

mod sqlite {
    use crate::database::Kind::Sqlite;

    #[actix_web::test]
    async fn prefixes_name_what_was_written_then() {
        super::prefixes_name_what_was_written_then(Sqlite).await;
    }

    #[actix_web::test]
    async fn pages_in_the_order_of_time_stay_whole() {
        super::pages_in_the_order_of_time_stay_whole(Sqlite).await;
    }

    #[actix_web::test]
    async fn by_patient_in_the_order_of_time() {
        super::by_patient_in_the_order_of_time(Sqlite).await;
    }
}

mod postgres {
    use crate::database::Kind::Postgres;

    #[actix_web::test]
    async fn prefixes_name_what_was_written_then() {
        super::prefixes_name_what_was_written_then(Postgres).await;
    }

    #[actix_web::test]
    async fn pages_in_the_order_of_time_stay_whole() {
        super::pages_in_the_order_of_time_stay_whole(Postgres).await;
    }

    #[actix_web::test]
    async fn by_patient_in_the_order_of_time() {
        super::by_patient_in_the_order_of_time(Postgres).await;
    }
}
