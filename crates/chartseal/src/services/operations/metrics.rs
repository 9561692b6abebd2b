//! What the services count, in Prometheus's text format
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>). Counts that
//! live elsewhere are taken over at each scrape; facility names are the only labels
//! that come from data.

mod anchor;
mod page;
mod sweep;

use self::page::{Page, number, seconds};
use super::Sources;
use gateway::{App, Certificates, Damage, Facility, work::index::IndexProgress};
use prometheus::{
    Error, TextEncoder,
    proto::{self, MetricFamily},
};
use store::{GROUP_SIZES, Stats};

/// All series as they stand now.
pub async fn text(sources: &Sources) -> Result<String, Error> {
    let page = Page::default();
    page.gauge(
        "chartseal_info",
        "Which release runs.",
        &["version"],
        [(vec![env!("CARGO_PKG_VERSION").to_owned()], 1.0)],
    )?;
    let mut families = Vec::new();
    if let Some(app) = &sources.gateway {
        families = app.metrics.gather();
        of_gateway(&page, app)?;
    }
    if let Some(keys) = &sources.root_keys {
        let failing = f64::from(u8::from(keys.trouble().is_some()));
        page.gauge(
            "chartseal_root_keys_failing",
            "Whether the file of the root keys cannot be read any more.",
            &[],
            [(vec![], failing)],
        )?;
    }
    if let Some(keys) = &sources.leaf_keys {
        let failing = f64::from(u8::from(keys.trouble().is_some()));
        page.gauge(
            "chartseal_leaf_key_failing",
            "Whether the file of the leaf key cannot be read any more.",
            &[],
            [(vec![], failing)],
        )?;
    }
    if let Some(certificates) = &sources.certificates {
        of_certificate(&page, certificates)?;
    }
    let stats = sources.store.stats();
    of_store(&page, &stats)?;
    families.push(group_sizes(&stats));
    let database = match &sources.anchor {
        Some(anchor) => anchor::series(&page, anchor).await?,
        None => answers(sources).await,
    };
    let up = [(vec![], f64::from(u8::from(database)))];
    page.gauge(
        "chartseal_database_up",
        "Whether the database answers.",
        &[],
        up,
    )?;
    families.extend(page.gather());
    TextEncoder::new().encode_to_string(&families)
}

async fn answers(sources: &Sources) -> bool {
    let read = |reader: &mut store::Reader| reader.facilities().each().map(drop);
    sources.store.read("metrics", read).await.is_ok()
}

fn of_gateway(page: &Page, app: &App) -> Result<(), Error> {
    page.count(
        "chartseal_unauthenticated_requests_total",
        "Requests without a valid token.",
        app.counters.unauthenticated_in_all(),
    )?;
    page.count(
        "chartseal_policy_denials_total",
        "Decisions against the caller; a search decides over each record.",
        app.counters.denials(),
    )?;
    page.count(
        "chartseal_long_requests_total",
        "Requests that were carried out beside the threads that serve.",
        app.counters.long_requests(),
    )?;
    page.gauge(
        "chartseal_bytes_under_way",
        "Bytes of bodies that come and of answers that go.",
        &[],
        [(vec![], number(app.bytes_under_way() as u64))],
    )?;
    page.count(
        "chartseal_stored_bytes_total",
        "Bytes of versions stored, as they count for the limits of a day.",
        app.counters.stored_bytes(),
    )?;
    page.count(
        "chartseal_storing_refused_total",
        "Versions refused because user or service had stored as much as one may in a day.",
        app.counters.refused_to_store(),
    )?;
    let issuers = app.identity.standing();
    page.gauge(
        "chartseal_issuer_failing",
        "Whether an issuer's keys could not be fetched the last time.",
        &["issuer"],
        issuers.map(|(url, failing)| (vec![url.to_owned()], f64::from(u8::from(failing)))),
    )?;
    of_rules(page, app)?;
    sweep::series(page, app)?;
    of_index(page, app)?;
    of_rows(page, app)
}

/// How far the index cards of what was stored before them are.
fn of_index(page: &Page, app: &App) -> Result<(), Error> {
    let facilities = app.facilities();
    let each = |value: fn(IndexProgress) -> f64| {
        let series = facilities.iter().map(move |facility| {
            let labels = vec![facility.name.to_string()];
            (labels, value(facility.index_status.read()))
        });
        series.collect::<Vec<_>>()
    };
    page.gauge(
        "chartseal_index_complete",
        "Whether each current version has its index card.",
        &["facility"],
        each(|progress| f64::from(u8::from(progress.complete))),
    )?;
    page.gauge(
        "chartseal_index_seen",
        "Current versions that the last pass for missing index cards has looked at.",
        &["facility"],
        each(|progress| number(progress.seen)),
    )?;
    page.gauge(
        "chartseal_index_made",
        "Index cards that the last pass has made.",
        &["facility"],
        each(|progress| number(progress.made)),
    )?;
    page.gauge(
        "chartseal_index_unread",
        "Current versions of that pass that get no index card.",
        &["facility"],
        each(|progress| number(progress.unread)),
    )
}

/// What was opened, and what could not be taken for what was stored.
fn of_rows(page: &Page, app: &App) -> Result<(), Error> {
    let opened = app.facilities();
    page.counters(
        "chartseal_key_opens_total",
        "Data keys unwrapped.",
        &["facility"],
        opened
            .iter()
            .map(|facility| (vec![facility.name.to_string()], facility.keys.opened())),
    )?;
    page.counters(
        "chartseal_log_keys_unshown_total",
        "Proofs and readings of the log for which nothing showed the log's keys.",
        &["facility"],
        opened.iter().map(|facility| {
            let labels = vec![facility.name.to_string()];
            (labels, facility.unshown_keys.count())
        }),
    )?;
    page.counters(
        "chartseal_damaged_rows_total",
        "Rows that were refused, for they are not what was stored.",
        &["facility", "damage"],
        opened.iter().flat_map(|facility| {
            Damage::ALL.map(|damage| {
                let labels = vec![facility.name.to_string(), damage.as_str().to_owned()];
                (labels, facility.damages.count(damage))
            })
        }),
    )
}

/// What decides, as far as the database still says what was put in force.
fn of_rules(page: &Page, app: &App) -> Result<(), Error> {
    let facilities = app.facilities();
    let label = |facility: &Facility| vec![facility.name.to_string()];
    page.gauge(
        "chartseal_policy_set_number",
        "The policy set in force; 0 when it was refused and nothing is permitted.",
        &["facility"],
        facilities.iter().map(|facility| {
            let number = facility.in_force().policy_number();
            (label(facility), f64::from(number))
        }),
    )?;
    page.gauge(
        "chartseal_rules_refused",
        "Policy sets and registrations that are refused now, because the database does not hold \
         what was put in force.",
        &["facility"],
        facilities
            .iter()
            .map(|facility| (label(facility), number(facility.troubles().len() as u64))),
    )?;
    page.counters(
        "chartseal_rules_refused_total",
        "How often something that decides was refused when it was read.",
        &["facility"],
        facilities
            .iter()
            .map(|facility| (label(facility), facility.refusals())),
    )
}

fn of_certificate(page: &Page, certificates: &Certificates) -> Result<(), Error> {
    let expiry = certificates.expiry();
    page.gauge(
        "chartseal_tls_certificate_expiry_timestamp_seconds",
        "When the certificate that the gateway serves expires; no series where it has none.",
        &[],
        expiry.map(|expiry| (vec![], seconds(expiry.as_millis()))),
    )
}

fn of_store(page: &Page, stats: &Stats) -> Result<(), Error> {
    page.count(
        "chartseal_store_commits_total",
        "Transactions committed.",
        stats.commits,
    )?;
    page.count(
        "chartseal_store_groups_voided_total",
        "Transactions given up and run again.",
        stats.voided,
    )?;
    let closures = &stats.closures;
    page.counters(
        "chartseal_store_closures_total",
        "Closures answered, by name and outcome.",
        &["name", "outcome"],
        closures.iter().flat_map(|(name, of)| {
            [("ok", of.answered - of.failed), ("failed", of.failed)]
                .map(|(outcome, count)| (vec![(*name).to_owned(), outcome.to_owned()], count))
        }),
    )?;
    page.counters(
        "chartseal_store_retries_total",
        "Closures run again after a transaction was given up.",
        &["name"],
        closures
            .iter()
            .map(|(name, of)| (vec![(*name).to_owned()], of.retries)),
    )
}

/// Counted in the store by bucket, so that it needs no registry of its own.
fn group_sizes(stats: &Stats) -> MetricFamily {
    let mut so_far = 0;
    let buckets = GROUP_SIZES.iter().zip(stats.groups_by_size);
    let buckets = buckets.map(|(most, count)| {
        so_far += count;
        let mut bucket = proto::Bucket::default();
        bucket.set_upper_bound(number(*most as u64));
        bucket.set_cumulative_count(so_far);
        bucket
    });
    let mut histogram = proto::Histogram::default();
    histogram.set_bucket(buckets.collect());
    histogram.set_sample_count(stats.groups);
    let closures = stats.closures.values().map(|of| of.answered).sum();
    histogram.set_sample_sum(number(closures));
    let mut metric = proto::Metric::default();
    metric.set_histogram(histogram);
    let mut family = MetricFamily::default();
    family.set_name("chartseal_store_group_size".to_owned());
    family.set_help("Closures taken to be committed together.".to_owned());
    family.set_field_type(proto::MetricType::HISTOGRAM);
    family.set_metric(vec![metric]);
    family
}
