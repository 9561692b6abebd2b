//! What the logs' keys signed last, kept in another PostgreSQL database, as hosts do that
//! share no disk.

use crate::{
    installation::{Ended as _, Installation},
    one_process::OneProcess,
    postgres::Postgres,
};

#[test]
fn a_table_of_another_database_takes_the_place_of_the_file() {
    let (house, shared) = (Installation::new(), Postgres::create());
    house.write_secret("signed-url", &format!("{}\n", shared.url()));
    let more = "[signed]\npostgres = { file = \"signed-url\" }\n";
    let one = OneProcess::go_live_in(house, more);
    let (house, config) = (&one.house, &one.config);
    let service = one.start();
    let system = one.system();
    let version = system.create_patient("Astrid");
    one.assert_proof(&system, &version);
    assert!(service.stop().success());
    assert_eq!(shared.number("SELECT count(*) FROM signed_state"), 1);
    assert!(!house.path("keys/logs/signed.json").exists());
    let adopted = house.chartseal(&["anchor", "adopt"], config, &[]).good();
    assert!(
        adopted.text.contains("nothing to adopt"),
        "{}",
        adopted.text
    );

    // On whichever host: what was signed is not in the database of the records.
    house.sql("UPDATE log SET size = 1; DELETE FROM leaf WHERE idx >= 1");
    let check = || house.chartseal(&["serve"], config, &["--check-only"]);
    check().refused("what its key signed last");

    shared.run("CREATE TABLE pending_leaf ()");
    check().refused("the database holds records");
    house.write_secret("signed-url", "postgres://nobody:secret@127.0.0.1:1/none");
    let away = check();
    assert!(!away.text.contains("secret"), "{}", away.text);
    away.refused("the PostgreSQL server cannot be reached");
}
