//! The issuer and the L2 of `chartseal demo`, which give anyone what he asks for, are
//! refused by the services, in the build that has the demo too.

use crate::{
    chain::Chain,
    installation::{Installation, User, operations},
};
use devkit::{
    chain::DevChain,
    issuer::{DemoUser, DevIssuer},
};

#[test]
fn a_service_takes_no_token_of_the_dev_issuer() {
    let house = Installation::new();
    let chain = Chain::dev(&house.path(""));
    let issuer = DevIssuer::start(house.issuer_config(None)).unwrap();
    let (sample, port, watch) = house.serve(&issuer.issuer_url(), &chain);
    let config = house.write("serve.toml", &sample);
    drop(house.go_live(&config));
    let mut service = house.start("serve", &config);
    let url = issuer.issuer_url();
    service.wait_until("the issuer is named", || {
        let ready = operations(watch, "readyz");
        ready.is_some_and(|reply| reply.status == 503 && reply.text().contains(&url))
    });
    let system = User::new(&issuer, &DemoUser::System, port);
    drop(system.at.get("Patient").expect(503, "no keys to go by"));
    let logged = service.logged();
    assert!(service.stop().success());
    assert!(logged.contains("this is the dev issuer"), "{logged}");
}

#[test]
fn a_service_anchors_nothing_on_the_dev_l2() {
    let house = Installation::new();
    let marked = DevChain::start(Chain::config(&house.path(""))).unwrap();
    let chain = Chain::Dev(marked);
    let issuer = house.issuer(None);
    let (sample, _, watch) = house.serve(&issuer.issuer_url(), &chain);
    let config = house.write("serve.toml", &sample);
    drop(house.go_live(&config));
    let mut service = house.start("serve", &config);
    service.wait_until("the L2 is refused", || {
        let says = "is the dev L2 of `chartseal demo`";
        let ready = operations(watch, "readyz");
        ready.is_some_and(|reply| reply.status == 503 && reply.text().contains(says))
    });
    assert!(service.stop().success());
}
