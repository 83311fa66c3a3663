//! `Scratch` and `ScratchTable`.

use sonae::drivers::TemporaryTables;
use sonae::fakes::World;
use sonae::ports::{Scratch, ScratchTable};

async fn tables_remember_what_is_put(scratch: &dyn Scratch) {
    let (mut table, mut other) = (scratch.table(), scratch.table());
    // Of four mebibytes and more, so that a driver has to use its file.
    let value = |number: u32, round: u8| vec![round; 200 + (number % 7) as usize];
    for round in 0..2_u8 {
        for number in 0..20_000_u32 {
            table.put(&number.to_be_bytes(), &value(number, round)).await.unwrap();
        }
    }
    for number in (0..20_000_u32).step_by(5) {
        table.remove(&number.to_be_bytes()).await.unwrap();
        table.remove(b"not there").await.unwrap();
    }
    for number in 0..20_000_u32 {
        let expected = (number % 5 != 0).then(|| value(number, 1));
        assert_eq!(get(&mut *table, &number.to_be_bytes()).await, expected);
    }
    assert_eq!(get(&mut *table, b"").await, None);
    table.put(b"", b"").await.unwrap();
    assert_eq!(get(&mut *table, b"").await, Some(vec![]));
    assert_eq!(get(&mut *other, &1_u32.to_be_bytes()).await, None, "each table is its own");
}

async fn get(table: &mut dyn ScratchTable, key: &[u8]) -> Option<Vec<u8>> {
    table.get(key).await.unwrap()
}

#[tokio::test]
async fn real_tables() {
    tables_remember_what_is_put(&TemporaryTables).await;
}

#[tokio::test]
async fn fake_tables() {
    tables_remember_what_is_put(&*World::new(1).scratch()).await;
}
