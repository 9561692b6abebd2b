//! `chartseal anchor grant` looks at the registry before it takes it into use.

use crate::{
    chain::Chain,
    installation::{Ended as _, HOME, Installation},
};

#[test]
fn an_address_without_a_contract_is_not_taken_into_use() {
    let house = Installation::new();
    let (chain, issuer) = (Chain::dev(&house.path("")), house.issuer(None));
    let (sample, ..) = house.serve(&issuer.issuer_url(), &chain);
    let config = house.write("serve.toml", &sample);
    drop(house.init(&config, HOME));
    let named = format!("[anchor]\nregistry = \"0x{}\"\n", "ab".repeat(20));
    let astray = house.write("astray.toml", &sample.with("[anchor]\n", &named));
    let refused = house.grant(&astray, &["--all"]);
    refused.refused("there is no contract at");
    assert!(!refused.text.contains("may anchor"), "{}", refused.text);

    // Nothing was noted: the right one is deployed and taken.
    drop(house.deploy(&config));
    let granted = house.grant(&config, &["--all"]).good();
    assert!(granted.text.contains("may anchor"), "{}", granted.text);
}
