//! The series of one scrape, and what they give times and counts as.

use prometheus::{
    Error, GaugeVec, IntCounterVec, Opts, Registry, core::Collector, proto::MetricFamily,
};

/// One scrape's series, made for it and thrown away.
#[derive(Default)]
pub struct Page(Registry);

impl Page {
    pub fn gauge(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        rows: impl IntoIterator<Item = (Vec<String>, f64)>,
    ) -> Result<(), Error> {
        let series = GaugeVec::new(Opts::new(name, help), labels)?;
        for (values, value) in rows {
            series.with_label_values(&values).set(value);
        }
        self.add(series)
    }

    pub fn count(&self, name: &str, help: &str, count: u64) -> Result<(), Error> {
        self.counters(name, help, &[], [(vec![], count)])
    }

    pub fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        rows: impl IntoIterator<Item = (Vec<String>, u64)>,
    ) -> Result<(), Error> {
        let series = IntCounterVec::new(Opts::new(name, help), labels)?;
        for (values, count) in rows {
            series.with_label_values(&values).inc_by(count);
        }
        self.add(series)
    }

    fn add(&self, series: impl Collector + 'static) -> Result<(), Error> {
        self.0.register(Box::new(series))
    }

    pub fn gather(&self) -> Vec<MetricFamily> {
        self.0.gather()
    }
}

/// As gauges give times and ages; what is negative is 0.
pub fn seconds(millis: i64) -> f64 {
    let millis = u64::try_from(millis).unwrap_or(0);
    std::time::Duration::from_millis(millis).as_secs_f64()
}

/// Gauges are floating point; sizes are exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
pub const fn number(count: u64) -> f64 {
    count as f64
}
