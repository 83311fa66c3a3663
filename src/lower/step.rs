//! The steps of a restore that have a block or many properties.

use super::form::{Port, Status, Tag, Text, Url};
use super::view::View;
use super::vocabulary::{
    APPROVE, COMMAND, COMMAND_STEP, DEPLOY, DEPLOY_INTO, FROM, HTTP, IMAGE, INSTANCE_CLASS, INSTANCE_TYPE, INTO,
    INTO_SECURITY_GROUPS, LAUNCH, OPTION_GROUP, PARAMETER_GROUP, PATH, PROBE, RECOVER, REPEATABLE, SECURITY_GROUPS,
    SQL, SUBNET, SUBNET_GROUP, TAGS, TCP, USER_DATA,
};
use crate::diagnostic::Diagnostics;
use crate::plan::{
    Approve, Command, Deploy, Input, Into, IntoSettings, Launch, Probe, ProbeKind, RdsDatabase, Recover, SqlLogin,
};
use crate::primitives::Name;
use crate::syntax::Node;

pub(super) fn recover(node: &Node, out: &mut Diagnostics) -> Option<Recover> {
    let mut view = View::new(node, &RECOVER, out);
    let target = view.argument::<Name>();
    let takes = view.property("takes");
    let from_host = view.child(&FROM).and_then(|node| {
        let mut view = View::new(node, &FROM, view.out);
        let host = view.text("host");
        view.finish();
        host
    });
    let into = view.child(&INTO).and_then(|node| into(node, view.out));
    view.finish();
    Some(Recover { target: target?, from_host, into: into?, takes, span: node.header })
}

fn into(node: &Node, out: &mut Diagnostics) -> Option<Into> {
    let mut view = View::new(node, &INTO, out);
    let one = view.one_property(["path", "instance", "cluster"]);
    let (path, instance, cluster) = (view.text("path"), view.text("instance"), view.text("cluster"));
    match one {
        Some("instance") => view.called("an `into` with `instance`"),
        Some("cluster") => view.called("an `into` with `cluster`"),
        _ => {}
    }
    let is_database = matches!(one, Some("instance" | "cluster"));
    let host = if is_database { None } else { view.property("host") };
    let settings = if is_database { into_settings(&mut view) } else { Box::default() };
    view.finish();
    Some(match one? {
        "path" => Into::Path { path: path?, host },
        "instance" => Into::Database { database: RdsDatabase::Instance(instance?), settings },
        _ => Into::Database { database: RdsDatabase::Cluster(cluster?), settings },
    })
}

fn into_settings(view: &mut View<'_, '_>) -> Box<IntoSettings> {
    Box::new(IntoSettings {
        class: view.text_of(&INSTANCE_CLASS),
        subnet_group: view.text_of(&SUBNET_GROUP),
        security_groups: view.texts_of(&INTO_SECURITY_GROUPS),
        parameter_group: view.text_of(&PARAMETER_GROUP),
        option_group: view.text_of(&OPTION_GROUP),
    })
}

pub(super) fn probe(node: &Node, out: &mut Diagnostics) -> Option<Probe> {
    let mut view = View::new(node, &PROBE, out);
    let name = view.argument::<Text>();
    let (takes, timeout) = (view.property("takes"), view.property("timeout"));
    let kind = view.one_of(&[&PATH, &HTTP, &TCP, &SQL, &COMMAND]).and_then(|(word, node)| match word.name {
        name if name == PATH.name => view.text_of(&PATH).map(ProbeKind::Path),
        name if name == HTTP.name => http(node, view.out),
        name if name == TCP.name => tcp(node, view.out),
        name if name == SQL.name => sql(node, view.out),
        _ => Some(view.values_of::<Input>(&COMMAND)).filter(|argv| !argv.is_empty()).map(ProbeKind::Command),
    });
    view.finish();
    Some(Probe { name: name?.map(|name| name.0), kind: kind?, timeout, takes, span: node.header })
}

fn http(node: &Node, out: &mut Diagnostics) -> Option<ProbeKind> {
    let mut view = View::new(node, &HTTP, out);
    let url = view.argument::<Url>();
    let status = view.property::<Status>("status").map(|status| status.map(|status| status.0));
    view.finish();
    Some(ProbeKind::Http { url: url?.map(|url| url.0), status })
}

fn tcp(node: &Node, out: &mut Diagnostics) -> Option<ProbeKind> {
    let mut view = View::new(node, &TCP, out);
    let host = view.argument();
    let port = view.property::<Port>("port");
    view.finish();
    Some(ProbeKind::Tcp { host: host?, port: port?.map(|port| port.0) })
}

fn sql(node: &Node, out: &mut Diagnostics) -> Option<ProbeKind> {
    let mut view = View::new(node, &SQL, out);
    let query = view.argument::<Text>();
    let host = view.property("host");
    let login = Box::new(SqlLogin {
        port: view.property::<Port>("port").map(|port| port.map(|port| port.0)),
        user: view.text("user"),
        password: view.property("password"),
        database: view.text("database"),
        ca: view.text("ca"),
    });
    view.finish();
    Some(ProbeKind::Sql { query: query?.map(|query| query.0), host: host?, login })
}

pub(super) fn approve(node: &Node, out: &mut Diagnostics) -> Option<Approve> {
    let mut view = View::new(node, &APPROVE, out);
    let name = view.argument::<Text>();
    let (by, takes) = (view.property("by"), view.property("takes"));
    view.finish();
    Some(Approve { name: name?.map(|name| name.0), by: by?, takes, span: node.header })
}

pub(super) fn launch(node: &Node, out: &mut Diagnostics) -> Option<Launch> {
    let mut view = View::new(node, &LAUNCH, out);
    let name = view.argument::<Text>();
    let takes = view.property("takes");
    let image = view.child(&IMAGE).and_then(|node| {
        let mut view = View::new(node, &IMAGE, view.out);
        let target = view.property("target");
        view.finish();
        target
    });
    let (instance_type, subnet) = (view.text_of(&INSTANCE_TYPE), view.text_of(&SUBNET));
    let (security_groups, user_data) = (view.texts_of(&SECURITY_GROUPS), view.text_of(&USER_DATA));
    let tags = view.values_of::<Tag>(&TAGS).into_iter().map(|tag| tag.map(|tag| tag.0)).collect();
    view.finish();
    Some(Launch {
        name: name?.map(|name| name.0),
        image: image?,
        instance_type: instance_type?,
        subnet: subnet?,
        security_groups,
        user_data,
        tags,
        takes,
        span: node.header,
    })
}

pub(super) fn deploy(node: &Node, out: &mut Diagnostics) -> Option<Deploy> {
    let mut view = View::new(node, &DEPLOY, out);
    let target = view.argument::<Name>();
    let takes = view.property("takes");
    let into = view.child(&DEPLOY_INTO).and_then(|node| {
        let mut view = View::new(node, &DEPLOY_INTO, view.out);
        let into = (view.text("path"), view.property("host"), view.text("link"));
        view.finish();
        Some((into.0?, into.1, into.2))
    });
    view.finish();
    let (path, host, link) = into?;
    Some(Deploy { target: target?, path, host, link, takes, span: node.header })
}

pub(super) fn command(node: &Node, out: &mut Diagnostics) -> Option<Command> {
    let mut view = View::new(node, &COMMAND_STEP, out);
    let argv = view.arguments::<Input>();
    let (host, timeout, takes) = (view.property("host"), view.property("timeout"), view.property("takes"));
    let repeatable = view.is_said(&REPEATABLE);
    view.finish();
    let command = Command { argv, host, timeout, repeatable, takes, span: node.header };
    Some(command).filter(|command| !command.argv.is_empty())
}
