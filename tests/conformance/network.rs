//! `Network`: what databases answer.

use sonae::ports::{Certainty, Network, SqlQuery};

/// A query that yields a row, one that yields none, and one that nobody answers.
pub(crate) async fn sql(network: &dyn Network, [row, none, nobody]: &[SqlQuery; 3]) {
    assert!(network.sql_row(row).await.unwrap());
    assert!(!network.sql_row(none).await.unwrap());
    let fault = network.sql_row(nobody).await.unwrap_err();
    assert_eq!(fault.certainty, Certainty::Transient, "{fault}");
    assert!(network.sql_row(row).await.unwrap(), "each is asked by itself");
}

#[tokio::test]
async fn fake_databases() {
    let network = sonae::fakes::World::new(1).network();
    let of = |port| SqlQuery {
        query: "SELECT 1".into(),
        host: "db.example.org".into(),
        port,
        user: None,
        password: None,
        database: None,
        ca: None,
    };
    network.script("db.example.org:2", [Some(404)]);
    network.script("db.example.org:3", [None]);
    sql(&*network, &[1, 2, 3].map(of)).await;
}
