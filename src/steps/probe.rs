//! Looks whether all is well, again and again until it is, or until there is no more time for it.

use std::time::Duration;

use super::{StepOutput, World, command};
use crate::forecast::Forecast;
use crate::graph::{ProbeCheck, SqlCheck};
use crate::ports::{Cause, Fault, Program, SqlQuery};
use crate::primitives;

/// Between two looks: a service that comes up is seen soon, and is not kept busy by being looked at.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks for as long as `patience`; once where there is none. `words` are those of the check, all of them known: the program and its arguments, or
/// the machine.
pub(super) async fn probe(
    world: &World<'_>,
    (how, words): (&ProbeCheck, &[String]),
    patience: primitives::Duration,
    forecast: &Forecast,
) -> Result<StepOutput, Fault> {
    if patience.seconds == 0 {
        return look(world, how, words, forecast).await.map(|()| StepOutput::Probed);
    }
    let (mut last, mut looks) = (None, 0_u32);
    let looking = async {
        loop {
            looks += 1;
            match look(world, how, words, forecast).await {
                Ok(()) => return Ok(()),
                Err(fault) if is_hopeless(how, &fault) => return Err(fault),
                Err(fault) => last = Some(fault),
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    match tokio::time::timeout(patience.to_std(), looking).await {
        Ok(ended) => ended.map(|()| StepOutput::Probed),
        Err(_) => Err(never_well(how, last, looks, patience)),
    }
}

async fn look(world: &World<'_>, how: &ProbeCheck, words: &[String], forecast: &Forecast) -> Result<(), Fault> {
    let machine = || words.first().map_or("", String::as_str);
    match how {
        ProbeCheck::Path(path) => match world.tree.stat(path).await? {
            Some(_) => Ok(()),
            None => Err(Fault::permanent(Cause::NotFound, format!("probe {path}"), "nothing is there")),
        },
        ProbeCheck::Command(_) => {
            let hidden = command::hidden(world.secrets, forecast).await?;
            let folder = Some(forecast.base.clone());
            let program = Program { argv: words.to_vec(), folder, hidden, ..Program::default() };
            let exit = world.commands.run(&program).await?;
            exit.succeeded(|| format!("probe command `{}`", words.join(" "))).map(drop)
        }
        ProbeCheck::Http { url, status } => match world.network.http_status(url).await? {
            answered if answered == *status => Ok(()),
            answered => {
                let answer = format!("it answers {answered}, and {status} is well");
                Err(Fault::permanent(Cause::Other, format!("get {url}"), answer))
            }
        },
        ProbeCheck::Tcp { port, .. } => world.network.tcp_connect(machine(), *port).await,
        ProbeCheck::Sql(sql) => ask(world, sql, machine()).await,
    }
}

/// The password is read each time: it may be changed while the server comes up.
async fn ask(world: &World<'_>, sql: &SqlCheck, host: &str) -> Result<(), Fault> {
    let SqlCheck { query, host: _, port, user, password, database, ca } = sql.clone();
    let host = host.to_owned();
    let password = match &password {
        Some(place) => Some(world.secrets.reveal(place).await?),
        None => None,
    };
    let action = format!("ask {host} port {port}");
    match world.network.sql_row(&SqlQuery { query, host, port, user, password, database, ca }).await? {
        true => Ok(()),
        false => Err(Fault::permanent(Cause::Other, action, "the query yields no row")),
    }
}

/// Whether looking again cannot help: the plan is wrong, or this host.
fn is_hopeless(how: &ProbeCheck, fault: &Fault) -> bool {
    match how {
        ProbeCheck::Path(_) => false,
        // The program itself is not there, or may not be run.
        ProbeCheck::Command(_) => matches!(fault.cause, Cause::NotFound | Cause::Denied | Cause::Invalid),
        ProbeCheck::Http { .. } | ProbeCheck::Tcp { .. } => fault.cause == Cause::Invalid,
        // There is no such user, password, right, database, variable or file.
        ProbeCheck::Sql(_) => matches!(fault.cause, Cause::NotFound | Cause::Denied | Cause::Invalid),
    }
}

/// The last of what was seen, and how long it was looked for. Whoever performs the step need not try it again.
fn never_well(how: &ProbeCheck, last: Option<Fault>, looks: u32, patience: primitives::Duration) -> Fault {
    match last {
        Some(last) => {
            let answer = format!("{}; looked {looks} times in {patience}", last.answer);
            Fault::permanent(last.cause, last.action, answer)
        }
        None => Fault::permanent(Cause::Other, format!("see that {how}"), format!("no answer within {patience}")),
    }
}
