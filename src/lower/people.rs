//! `role`, `host` and `notify`.

use super::form::{Port, Text, Url};
use super::view::View;
use super::vocabulary::{EMAIL, EVENTS, HOST, MEMBER, NOTIFY, NOTIFY_COMMAND, PING, ROLE, SSH};
use super::waiver::waivers;
use crate::diagnostic::Diagnostics;
use crate::plan::{Channel, Email, Host, Member, Notify, Role, Ssh};
use crate::primitives::{Name, Spanned};
use crate::syntax::Node;

/// The name, where there is one, and the role.
pub(super) fn role(node: &Node, out: &mut Diagnostics) -> (Option<Spanned<Name>>, Option<Role>) {
    let mut view = View::new(node, &ROLE, out);
    let name = view.argument::<Name>();
    let members = view.children(&MEMBER).filter_map(|node| member(node, view.out)).collect();
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let role = name.clone().map(|name| Role { name, members, waivers, span: node.header });
    (name, role)
}

fn member(node: &Node, out: &mut Diagnostics) -> Option<Member> {
    let mut view = View::new(node, &MEMBER, out);
    let person = view.argument::<Text>();
    let user = view.text("user");
    view.finish();
    Some(Member { person: person?.map(|person| person.0), user: user? })
}

/// The name, where there is one, and the host.
pub(super) fn host(node: &Node, out: &mut Diagnostics) -> (Option<Spanned<Name>>, Option<Host>) {
    let mut view = View::new(node, &HOST, out);
    let name = view.argument::<Name>();
    let ssh = view.child(&SSH).and_then(|node| ssh(node, view.out));
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let host = name.clone().map(|name| Host { name, ssh, waivers, span: node.header });
    (name, host)
}

fn ssh(node: &Node, out: &mut Diagnostics) -> Option<Ssh> {
    let mut view = View::new(node, &SSH, out);
    let address = view.text("address");
    let port = view.property::<Port>("port").map(|port| port.map(|port| port.0));
    let (user, identity, host_key) = (view.text("user"), view.property("identity"), view.text("host-key"));
    view.finish();
    Some(Ssh { address: address?, port, user, identity, host_key, span: node.header })
}

/// The name, where there is one, and who is told, where it could be read how.
pub(super) fn notify(node: &Node, out: &mut Diagnostics) -> (Option<Spanned<Name>>, Option<Notify>) {
    let mut view = View::new(node, &NOTIFY, out);
    let name = view.argument::<Name>();
    let channel = view.one_of(&[&EMAIL, &PING, &NOTIFY_COMMAND]).and_then(|(word, node)| match word.name {
        name if name == EMAIL.name => email(node, view.out).map(Channel::Email),
        name if name == PING.name => view.value_of(&PING).map(Channel::Ping),
        _ => Some(Channel::Command(view.texts_of(&NOTIFY_COMMAND))),
    });
    let events = view.values_of(&EVENTS);
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let notify =
        name.clone().zip(channel).map(|(name, channel)| Notify { name, channel, events, waivers, span: node.header });
    (name, notify)
}

fn email(node: &Node, out: &mut Diagnostics) -> Option<Email> {
    let mut view = View::new(node, &EMAIL, out);
    let to = view.text("to");
    let smtp = view.property::<Url>("smtp").map(|url| url.map(|url| url.0));
    let (user, password) = (view.text("user"), view.property("password"));
    view.finish();
    Some(Email { to: to?, smtp: smtp?, user, password })
}
