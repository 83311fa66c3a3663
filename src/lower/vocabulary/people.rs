//! Words of people and machines.

use super::WAIVE;
use crate::lower::form::Form;
use crate::lower::word::{NOTHING, Times, Word, many, one, optional, plain, required};

/// `role`
pub static ROLE: Word = Word {
    children: &[&MEMBER, &WAIVE],
    times: Times::Any,
    ..plain("role", one(Form::Name, "the role's name"), "Declares who may approve and sign off.")
};

/// `member`
pub static MEMBER: Word = Word {
    properties: &[required("user", Form::Text, "The account of the operating system that proves who it is.")],
    times: Times::Any,
    ..plain("member", one(Form::Text, "a person or an address"), "A person who has the role.")
};

/// `host`, a block of its own
pub static HOST: Word = Word {
    children: &[&SSH, &WAIVE],
    times: Times::Any,
    ..plain(
        "host",
        one(Form::Name, "the host's name, as its recovery points carry it"),
        "Declares a machine that runs its own part of the plan, or that a restore reaches.",
    )
};

/// `ssh`
pub static SSH: Word = Word {
    properties: &[
        required("address", Form::Text, "Its name in DNS, or its IP address."),
        optional("port", Form::Port, "The TCP port. By default 22."),
        optional("user", Form::Text, "As whom. By default the user that runs."),
        optional("identity", Form::Secret, "The private key. By default what ssh(1) would take."),
        optional(
            "host-key",
            Form::Text,
            "The host's public key, its type and its digits as a line of known_hosts has them. By default the known_hosts files say.",
        ),
    ],
    ..plain("ssh", NOTHING, "How a restore reaches it. By default it is not reached, and only runs its own part.")
};

/// `notify`
pub static NOTIFY: Word = Word {
    children: &[&EMAIL, &PING, &NOTIFY_COMMAND, &EVENTS, &WAIVE],
    times: Times::Any,
    ..plain(
        "notify",
        one(Form::Name, "its name"),
        "Declares who is told of what: by `email`, by a `ping` or by a `command`.",
    )
};

/// `email`
pub static EMAIL: Word = Word {
    properties: &[
        required("to", Form::Text, "To whom."),
        required("smtp", Form::Url, "The server that takes it, as in `\"smtps://mail.example.org\"`."),
        optional("user", Form::Text, "As whom. By default the server does not ask."),
        optional("password", Form::Secret, "The user's password."),
    ],
    ..plain("email", NOTHING, "By electronic mail.")
};

/// `ping`
pub static PING: Word = plain(
    "ping",
    one(Form::Secret, "where its URL is"),
    "By a request to an address outside that expects one, and tells when it does not come: who knows that address can pretend that all is \
     well.",
);

/// `command` in `notify`
pub static NOTIFY_COMMAND: Word = plain(
    "command",
    many(Form::Text, "a program and its arguments"),
    "By a program that is handed the message. It is run as it stands, never through a shell.",
);

/// `events`
pub static EVENTS: Word = Word {
    times: Times::Required,
    ..plain(
        "events",
        many(Form::Event, "events"),
        "Of what: `failure`, a run failed; `missed`, what should have run did not; `recovered`, it is well again; `success`, a run succeeded; \
         `suspended`, deletions wait for a person's look; `approval`, a person is waited for.",
    )
};
