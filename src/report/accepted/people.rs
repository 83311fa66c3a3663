//! Facts of people, machines and what is looked at.

use super::{Facts, or_none, quoted, texts, value};
use crate::plan::{Announce, Channel, Drill, Host, Notify, Role, SignOff, Verify};

impl Facts {
    pub(super) fn role(&mut self, role: &Role) {
        let of = format!("role {}", role.name.value);
        let members = role.members.iter();
        let members =
            members.map(|member| format!("{} user {}", quoted(&member.person.value), quoted(&member.user.value)));
        self.each(&of, "member", members);
        self.waivers(&of, &role.waivers);
    }

    pub(super) fn host(&mut self, host: &Host) {
        let of = format!("host {}", host.name.value);
        match &host.ssh {
            None => self.fact(&of, "ssh none, it is not reached"),
            Some(ssh) => {
                self.fact(&of, format!("ssh address {}", quoted(&ssh.address.value)));
                self.fact(&of, format!("ssh port {}", ssh.port.as_ref().map_or(22, |port| port.value)));
                self.optional_text(&of, "ssh user", ssh.user.as_ref());
                self.optional(&of, "ssh identity", ssh.identity.as_ref());
                self.optional_text(&of, "ssh host-key", ssh.host_key.as_ref());
            }
        }
        self.waivers(&of, &host.waivers);
    }

    pub(super) fn notify(&mut self, notify: &Notify) {
        let of = format!("notify {}", notify.name.value);
        match &notify.channel {
            Channel::Email(email) => {
                self.fact(&of, format!("email to {}", quoted(&email.to.value)));
                self.fact(&of, format!("email smtp {}", quoted(&email.smtp.value)));
                self.optional_text(&of, "email user", email.user.as_ref());
                self.optional(&of, "email password", email.password.as_ref());
            }
            Channel::Ping(url) => self.fact(&of, format!("ping {}", url.value)),
            Channel::Command(argv) => self.program(&of, "command", argv),
        }
        self.each(&of, "event", notify.events.iter().map(|event| event.value.to_string()));
        self.waivers(&of, &notify.waivers);
    }

    pub(super) fn verify(&mut self, verify: &Verify) {
        let of = format!("verify {}", verify.name.value);
        self.schedule(&of, verify.schedule.as_ref());
        self.each(&of, "targets", verify.targets.iter().map(|selector| selector.value.to_string()));
        self.fact(&of, format!("depth {}", verify.depth.value));
        self.sign_off(&of, verify.sign_off.as_ref());
        self.fact(&of, format!("takes {}", or_none(value(verify.takes.as_ref()))));
        self.waivers(&of, &verify.waivers);
    }

    pub(super) fn drill(&mut self, drill: &Drill) {
        let of = format!("drill {}", drill.name.value);
        self.schedule(&of, drill.schedule.as_ref());
        for (at, restore) in drill.restores.iter().enumerate() {
            self.fact(&of, format!("restore {} {}", at + 1, restore.value));
        }
        match &drill.scratch {
            Some(folder) => self.fact(&of, format!("scratch {}", quoted(&folder.value))),
            None => self.fact(&of, "scratch beside each destination"),
        }
        self.sign_off(&of, drill.sign_off.as_ref());
        self.waivers(&of, &drill.waivers);
    }

    fn sign_off(&mut self, of: &str, sign_off: Option<&SignOff>) {
        match sign_off {
            None => self.fact(of, "sign-off none"),
            Some(SignOff { role, within, .. }) => {
                self.fact(of, format!("sign-off role {}", role.value));
                self.optional(of, "sign-off within", within.as_ref());
            }
        }
    }

    pub(super) fn announce(&mut self, announce: &Announce) {
        let of = format!("announce {}", announce.name.value);
        self.fact(&of, format!("within {}", announce.within.value));
        for (at, ask) in texts(&announce.asks).enumerate() {
            self.fact(&of, format!("asks {} {ask}", at + 1));
        }
        self.fact(&of, format!("publish command {}", quoted(&announce.publish.value)));
        self.waivers(&of, &announce.waivers);
    }
}
