//! Makes files beside whoever reads them from an archive, several batches at a time.
//!
//! Unaware of archives. Invariant: a folder that was left is given its attributes when all files are made that were ordered
//! before, and folders in the order in which they were left: writing into one changes its times, and may take more permission
//! than it gives. What is under way is bounded by bytes, and ends before this does, whatever fails.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use tokio::sync::{mpsc, oneshot};

use crate::catalog::Named;
use crate::ports::{Attributes, Cause, Destination, Fault, Refused, WholeFile};
use crate::primitives::PathBytes;

/// So many bytes are ordered at once,
const BATCH_BYTES: usize = 1024 * 1024;
/// where a file counts so many more: for its path, and for the time that it takes to make one.
const FILE_BYTES: usize = 2048;

/// What is done at once: files are made, and then folders were left.
#[derive(Default)]
struct Batch {
    files: Vec<WholeFile>,
    left: Vec<(PathBytes, Attributes)>,
    weight: usize,
}

enum Order {
    Make(Batch),
    /// To be answered when all before it is done.
    Settle(oneshot::Sender<()>),
}

/// Gives the orders.
pub(super) struct Orders {
    sender: mpsc::Sender<Order>,
    batch: Batch,
}

/// Carries them out; to be awaited beside whoever gives them.
pub(super) struct Making<'a> {
    destination: &'a dyn Destination,
    orders: mpsc::Receiver<Order>,
    width: usize,
    unset: Named,
}

/// So many batches are made at a time.
pub(super) fn making(destination: &dyn Destination, width: usize) -> (Orders, Making<'_>) {
    let (sender, orders) = mpsc::channel(1);
    (Orders { sender, batch: Batch::default() }, Making { destination, orders, width, unset: Named::default() })
}

impl Orders {
    /// Orders a file.
    pub(super) async fn file(&mut self, file: WholeFile) -> Result<(), Fault> {
        let content: usize = file.content.iter().map(bytes::Bytes::len).sum();
        self.batch.weight += content + FILE_BYTES;
        self.batch.files.push(file);
        self.give_if_full().await
    }

    /// Orders that a folder be given its attributes.
    pub(super) async fn leave(&mut self, folder: PathBytes, attributes: Attributes) -> Result<(), Fault> {
        self.batch.weight += FILE_BYTES;
        self.batch.left.push((folder, attributes));
        self.give_if_full().await
    }

    /// Returns when all that was ordered is done.
    pub(super) async fn settle(&mut self) -> Result<(), Fault> {
        self.give().await?;
        let (done, settled) = oneshot::channel();
        self.send(Order::Settle(done)).await?;
        settled.await.map_err(|_| given_up())
    }

    async fn give_if_full(&mut self) -> Result<(), Fault> {
        if self.batch.weight < BATCH_BYTES { Ok(()) } else { self.give().await }
    }

    async fn give(&mut self) -> Result<(), Fault> {
        let batch = std::mem::take(&mut self.batch);
        if batch.weight == 0 { Ok(()) } else { self.send(Order::Make(batch)).await }
    }

    async fn send(&self, order: Order) -> Result<(), Fault> {
        self.sender.send(order).await.map_err(|_| given_up())
    }
}

/// Told to whoever gives orders; what [`Making`] tells is why.
fn given_up() -> Fault {
    Fault::permanent(Cause::Other, "make files", "it was given up")
}

/// What became of an order.
enum Done {
    Made { refused: Result<Vec<(PathBytes, Vec<Refused>)>, Fault>, left: Vec<(PathBytes, Attributes)> },
    Settled(oneshot::Sender<()>),
}

impl Making<'_> {
    /// Carries out all orders, until no more can come. Answers what could not be given all of its attributes.
    ///
    /// # Errors
    /// The first fault. Nothing is begun after it, and what was under way has ended.
    pub(super) async fn run(mut self) -> Result<Named, Fault> {
        let (mut running, mut failed) = (FuturesOrdered::new(), None);
        loop {
            tokio::select! {
                Some(done) = running.next(), if !running.is_empty() => {
                    if let Err(fault) = self.done(done, failed.is_some()).await {
                        failed.get_or_insert(fault);
                        self.orders.close();
                    }
                }
                order = self.orders.recv(), if failed.is_none() && running.len() < self.width => match order {
                    Some(order) => running.push_back(carry_out(self.destination, order)),
                    None => break,
                },
                else => break,
            }
        }
        while let Some(done) = running.next().await {
            if let Err(fault) = self.done(done, failed.is_some()).await {
                failed.get_or_insert(fault);
            }
        }
        failed.map_or(Ok(self.unset), Err)
    }

    async fn done(&mut self, done: Done, failed: bool) -> Result<(), Fault> {
        let (refused, left) = match done {
            Done::Made { refused, left } => (refused?, left),
            Done::Settled(answer) => {
                // Who asked is told by the answer's end that it failed, or is gone.
                let _heard = if failed { Ok(()) } else { answer.send(()) };
                return Ok(());
            }
        };
        refused.iter().for_each(|(path, refused)| name_refused(&mut self.unset, path, refused));
        if failed {
            return Ok(());
        }
        for (folder, attributes) in left {
            let refused = self.destination.set(&folder, &attributes).await?;
            name_refused(&mut self.unset, &folder, &refused);
        }
        Ok(())
    }
}

async fn carry_out(destination: &dyn Destination, order: Order) -> Done {
    match order {
        Order::Settle(answer) => Done::Settled(answer),
        Order::Make(Batch { files, left, .. }) => {
            let paths: Vec<PathBytes> = files.iter().map(|file| file.path.clone()).collect();
            let refused = destination.files(files).await;
            Done::Made { refused: refused.map(|refused| paths.into_iter().zip(refused).collect()), left }
        }
    }
}

/// Names what could not be given all of its attributes.
pub(super) fn name_refused(unset: &mut Named, path: &PathBytes, refused: &[Refused]) {
    let why: Vec<String> = refused.iter().map(|refused| format!("{}: {}", refused.what, refused.why)).collect();
    if !why.is_empty() {
        unset.push(path, why.join("; "));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use bytes::Bytes;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::ports::FileWrite;
    use crate::primitives::Xattrs;

    /// Makes a file when it is let, and notes what is done.
    struct Gated {
        gate: Semaphore,
        said: Mutex<Vec<String>>,
    }

    impl Gated {
        fn new(open: usize) -> Self {
            Self { gate: Semaphore::new(open), said: Mutex::new(Vec::new()) }
        }

        fn say(&self, what: String) {
            self.said.lock().unwrap_or_else(PoisonError::into_inner).push(what);
        }

        fn said(&self) -> Vec<String> {
            std::mem::take(&mut self.said.lock().unwrap())
        }
    }

    #[async_trait::async_trait]
    impl Destination for Gated {
        async fn files(&self, files: Vec<WholeFile>) -> Result<Vec<Vec<Refused>>, Fault> {
            self.say(format!("begin {}", files[0].path));
            self.gate.acquire().await.unwrap().forget();
            self.say(format!("end {}", files[0].path));
            let full = || Err(Fault::permanent(Cause::Full, "write", "no space"));
            let refuse = |file: WholeFile| match file.path.as_bytes() {
                b"full" => full(),
                _ => Ok(vec![Refused { what: "owner".into(), why: "not permitted".into() }]),
            };
            files.into_iter().map(refuse).collect()
        }
        async fn set(&self, path: &PathBytes, _: &Attributes) -> Result<Vec<Refused>, Fault> {
            self.say(format!("set {path}"));
            Ok(vec![])
        }
        async fn folder(&self, _: &PathBytes) -> Result<(), Fault> {
            unreachable!("folders are made by whoever gives orders")
        }
        async fn file(&self, _: &PathBytes) -> Result<Box<dyn FileWrite>, Fault> {
            unreachable!("files are made whole")
        }
        async fn symlink(&self, _: &PathBytes, _: &PathBytes) -> Result<(), Fault> {
            unreachable!("links are made by whoever gives orders")
        }
        async fn hard_link(&self, _: &PathBytes, _: &PathBytes) -> Result<(), Fault> {
            unreachable!("links are made by whoever gives orders")
        }
        async fn remove(&self, _: &PathBytes) -> Result<(), Fault> {
            unreachable!("nothing that was made is removed")
        }
        async fn sync(&self) -> Result<(), Fault> {
            unreachable!("whoever gives orders syncs")
        }
    }

    fn attributes() -> Attributes {
        Attributes { mode: 0o600, owner: None, mtime_s: 0, mtime_ns: 0, xattrs: Xattrs::default() }
    }

    /// A file that fills a batch by itself.
    fn file(path: &str) -> WholeFile {
        let content = vec![Bytes::from_static(&[0; BATCH_BYTES])];
        WholeFile { path: PathBytes::new(path), content, attributes: attributes() }
    }

    async fn until_two_are_under_way(into: &Gated) {
        while into.said.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn batches_are_made_side_by_side_and_folders_are_left_behind_all_before_them() {
        let into = &Gated::new(0);
        let (mut orders, making) = making(into, 2);
        let give = async move {
            orders.file(file("a")).await.unwrap();
            orders.file(file("b")).await.unwrap();
            orders.leave(PathBytes::new("f/g"), attributes()).await.unwrap();
            orders.leave(PathBytes::new("f"), attributes()).await.unwrap();
            orders.file(file("c")).await.unwrap();
            until_two_are_under_way(into).await;
            assert_eq!(into.said(), ["begin a", "begin b"], "the third waits");
            into.gate.add_permits(3);
            orders.settle().await.unwrap();
            let said = into.said();
            let at = |what: &str| said.iter().position(|said| said == what).unwrap();
            assert!(at("end b") < at("set f/g") && at("set f/g") < at("set f"), "{said:?}");
            assert_eq!(said.len(), 6, "{said:?}");
        };
        let (unset, ()) = tokio::join!(making.run(), give);
        let unset = unset.unwrap();
        assert_eq!((unset.count, &*unset.first[0].why), (3, "owner: not permitted"));
    }

    #[tokio::test]
    async fn after_a_fault_nothing_is_begun_and_what_runs_ends_first() {
        let into = &Gated::new(0);
        let (mut orders, making) = making(into, 2);
        let give = async move {
            orders.file(file("full")).await.unwrap();
            orders.file(file("beside")).await.unwrap();
            orders.leave(PathBytes::new("f"), attributes()).await.unwrap();
            until_two_are_under_way(into).await;
            into.gate.add_permits(2);
            let told = orders.settle().await.unwrap_err();
            assert_eq!(told.answer, "it was given up");
            assert!(orders.file(file("late")).await.is_err());
        };
        let (unset, ()) = tokio::join!(making.run(), give);
        assert_eq!(unset.unwrap_err().cause, Cause::Full);
        assert_eq!(into.said(), ["begin full", "begin beside", "end full", "end beside"]);
    }
}
