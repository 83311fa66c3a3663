//! What a plan says, one thing at a time: what is compared.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use super::change::{Kind, Subject};
use crate::calendar;
use crate::diagnostic::Code;
use crate::plan::{Rhythm, Schedule};
use crate::primitives::{Duration, Name, Percentage, Period, PeriodUnit, Span, Spanned};
use crate::retention::Rules;

/// What can be said of a subject, and what it means when that changes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Aspect {
    /// The word that a plan has for it.
    pub(super) word: &'static str,
    /// Which way it is judged.
    pub(super) rule: Rule,
    /// What a weakening of it means.
    pub(super) weaker: &'static str,
    /// What the opposite means.
    pub(super) stronger: &'static str,
    /// What it is said within: where that itself is new or gone, it says all.
    pub(super) within: Option<&'static Aspect>,
    /// Whether it comes and goes with something else that is told.
    pub(super) of_both: bool,
}

/// Which way a change is judged. Where a code stands, it is that of the weakening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// It is told, and not judged; what it means is told as that of a weakening is.
    Neutral,
    /// Less is stronger, and to say nothing is weakest.
    Less(&'static Code),
    /// More is stronger, and to say nothing is weakest.
    More(&'static Code),
    /// To say it at all is stronger; what it says is not judged.
    Have(&'static Code),
    /// To say it at all is stronger; what lay where it was before is left behind.
    HaveThere(&'static Code),
    /// To say it at all is weaker; what it says is not judged.
    HaveNot(&'static Code),
    /// Each member protects.
    Each(&'static Code),
    /// Each member is a folder, and protects all that lies in it.
    Folders(&'static Code),
    /// Each member protects, and to say nothing means all there are.
    EachOrAll(&'static Code),
    /// Each member takes something from the protection.
    EachOpens(&'static Code),
    /// The role of who is waited for: whoever has it now, and did not, may say something.
    Approver,
    /// Who can read: nobody else is stronger than somebody else; none at all means everybody.
    Keys,
    /// When it comes round: the longest gap counts.
    Schedule(&'static Code),
    /// Whether a run holds a provider to the plan, and turns on what it has off.
    Drift,
    /// Any other is another: whoever relied on what was said before has lost it.
    Other(&'static Code),
    /// Which files a run takes: each day's for itself, or each month's.
    Select(&'static Code),
    /// The order of steps: what was done behind an approval or a look stays behind it.
    Order(&'static Code),
    /// What is kept: nothing said keeps everything.
    Retention(&'static Code),
    /// Where something lies: elsewhere, what lay there is left behind.
    Place,
    /// A word by which a problem is set aside.
    Waiver,
}

impl Aspect {
    /// Something that is told, and not judged.
    pub(super) const fn neutral(word: &'static str) -> Self {
        Self::judged(word, Rule::Neutral, "", "")
    }

    /// Something that is not judged, and whose change means this.
    pub(super) const fn told(word: &'static str, means: &'static str) -> Self {
        Self::judged(word, Rule::Neutral, means, "")
    }

    /// Something that is judged.
    pub(super) const fn judged(word: &'static str, rule: Rule, weaker: &'static str, stronger: &'static str) -> Self {
        Self { word, rule, weaker, stronger, within: None, of_both: false }
    }

    /// The same, which is said within another.
    pub(super) const fn within(self, within: &'static Aspect) -> Self {
        Self { within: Some(within), ..self }
    }

    /// The same, which is told only where both plans say it.
    pub(super) const fn of_both(self) -> Self {
        Self { of_both: true, ..self }
    }
}

/// What a plan says of one aspect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// It says it, and there is no more to say.
    Said,
    Text(String),
    /// In this order.
    List(Vec<String>),
    Set(BTreeSet<String>),
    Duration(Duration),
    Period(Period),
    Count(u64),
    Percentage(Percentage),
    /// One of several, the greater the stronger.
    Level(u8, String),
    Schedule(Box<When>),
    Rules(Box<Rules>),
    Order(Vec<Shape>),
    Approver(Approver),
}

/// A role, and who has it: who that is, is the role's own to say.
#[derive(Debug, Clone)]
pub(super) struct Approver {
    pub(super) role: String,
    pub(super) who: BTreeSet<String>,
}

impl PartialEq for Approver {
    fn eq(&self, other: &Self) -> bool {
        self.role == other.role
    }
}

impl Eq for Approver {}

/// A schedule, without its place.
#[derive(Debug, Clone)]
pub(super) struct When {
    pub(super) schedule: Schedule,
}

impl When {
    pub(super) fn of(schedule: &Schedule) -> Self {
        Self { schedule: schedule.clone() }
    }

    /// The zone of its clock, which what goes by the time between two runs has none of.
    fn zone(&self) -> Option<&str> {
        (!matches!(self.schedule.rhythm, Rhythm::Every { .. })).then_some(&*self.schedule.timezone.value)
    }
}

impl PartialEq for When {
    fn eq(&self, other: &Self) -> bool {
        (&self.schedule.rhythm, self.zone()) == (&other.schedule.rhythm, other.zone())
    }
}

impl Eq for When {}

/// Steps in their order: one, or several side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    One(String),
    SideBySide(Vec<Shape>),
}

impl Shape {
    /// Those of these steps alone.
    pub(super) fn only(all: &[Self], of: &BTreeSet<String>) -> Vec<Self> {
        let kept = all.iter().filter_map(|shape| match shape {
            Self::One(step) => of.contains(step).then(|| shape.clone()),
            Self::SideBySide(steps) => {
                let mut kept = Self::only(steps, of);
                if kept.len() > 1 { Some(Self::SideBySide(kept)) } else { kept.pop() }
            }
        });
        kept.collect()
    }

    pub(super) fn steps(all: &[Self]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for shape in all {
            match shape {
                Self::One(step) => drop(found.insert(step.clone())),
                Self::SideBySide(steps) => found.extend(Self::steps(steps)),
            }
        }
        found
    }

    /// Which of these steps comes before which.
    pub(super) fn before(all: &[Self]) -> BTreeSet<(String, String)> {
        let mut pairs = BTreeSet::new();
        for (at, first) in all.iter().enumerate() {
            let first = Self::steps(std::slice::from_ref(first));
            for later in Self::steps(&all[at + 1..]) {
                pairs.extend(first.iter().map(|first| (first.clone(), later.clone())));
            }
        }
        pairs
    }

    fn shown(all: &[Self]) -> String {
        let one = |shape: &Self| match shape {
            Self::One(step) => step.clone(),
            Self::SideBySide(steps) => {
                let steps: Vec<String> = steps.iter().map(|step| Self::shown(std::slice::from_ref(step))).collect();
                format!("({})", steps.join(" beside "))
            }
        };
        all.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

impl Value {
    /// As people read it; empty where there is nothing more to say than that it is said.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Said => String::new(),
            Self::Text(text) | Self::Level(_, text) => text.clone(),
            Self::Approver(approver) => approver.role.clone(),
            Self::List(list) => list.join(" "),
            Self::Set(set) => set.iter().cloned().collect::<Vec<_>>().join(", "),
            Self::Duration(duration) => duration.to_string(),
            Self::Period(period) => period.to_string(),
            Self::Count(count) => count.to_string(),
            Self::Percentage(percentage) => percentage.to_string(),
            Self::Schedule(when) => calendar::describe(&when.schedule),
            Self::Rules(rules) => shown_rules(rules),
            Self::Order(steps) => Shape::shown(steps),
        }
    }

    /// Where it stands among values of its kind.
    pub(super) fn amount(&self) -> Option<f64> {
        Some(match self {
            Self::Duration(duration) => duration.seconds as f64,
            Self::Period(period) => days(*period),
            Self::Count(count) => *count as f64,
            Self::Percentage(percentage) => f64::from(percentage.hundredths()),
            Self::Level(level, _) => f64::from(*level),
            _ => return None,
        })
    }
}

/// How many days a period has, as months and years are in the mean of the Gregorian calendar.
pub(super) fn days(period: Period) -> f64 {
    let each = match period.unit {
        PeriodUnit::Days => 1.0,
        PeriodUnit::Weeks => 7.0,
        PeriodUnit::Months => 146_097.0 / 4_800.0,
        PeriodUnit::Years => 146_097.0 / 400.0,
    };
    each * f64::from(period.count)
}

/// Of what is counted in months or years, how many months; none of days and weeks.
pub(super) fn in_months(period: Period) -> Option<u64> {
    match period.unit {
        PeriodUnit::Days | PeriodUnit::Weeks => None,
        PeriodUnit::Months => Some(period.count.into()),
        PeriodUnit::Years => Some(u64::from(period.count) * 12),
    }
}

/// How many days it has at the least and at the most, whichever months it spans; 2100 is no leap year.
pub(super) fn spans(period: Period) -> RangeInclusive<i64> {
    let Some(months) = in_months(period) else {
        let days = days(period) as i64;
        return days..=days;
    };
    let firsts = (2092..2105).flat_map(|year| (1..=12).map(move |month| jiff::civil::date(year, month, 1)));
    let lengths = firsts.filter_map(|first| {
        let last = first.checked_add(jiff::Span::new().try_months(i64::try_from(months).ok()?).ok()?).ok()?;
        Some(i64::from((last - first).get_days()))
    });
    let lengths: Vec<i64> = lengths.collect();
    lengths.iter().copied().min().unwrap_or(i64::MAX)..=lengths.iter().copied().max().unwrap_or(i64::MAX)
}

fn shown_rules(rules: &Rules) -> String {
    let counts = rules.generations.iter().map(|count| format!("generations={count}"));
    let within = rules.within.iter().map(|period| format!("within={period}"));
    let word = |unit: &crate::retention::CalendarUnit| match unit {
        crate::retention::CalendarUnit::Hour => "hourly",
        crate::retention::CalendarUnit::Day => "daily",
        crate::retention::CalendarUnit::Week => "weekly",
        crate::retention::CalendarUnit::Month => "monthly",
        crate::retention::CalendarUnit::Year => "yearly",
    };
    let thinned = rules.thinned.iter().map(|(unit, count)| format!("{}={count}", word(unit)));
    counts.chain(within).chain(thinned).collect::<Vec<_>>().join(" ")
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Self {
        Self::Duration(duration)
    }
}

impl From<Period> for Value {
    fn from(period: Period) -> Self {
        Self::Period(period)
    }
}

impl From<NonZeroU32> for Value {
    fn from(count: NonZeroU32) -> Self {
        Self::Count(count.get().into())
    }
}

impl From<u16> for Value {
    fn from(count: u16) -> Self {
        Self::Count(count.into())
    }
}

impl From<Percentage> for Value {
    fn from(percentage: Percentage) -> Self {
        Self::Percentage(percentage)
    }
}

/// One thing that a plan says.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) aspect: &'static Aspect,
    /// Which, where a subject has several of the aspect.
    pub(super) of: Option<String>,
    pub(super) value: Value,
    pub(super) span: Span,
    /// Where each member of a set stands.
    pub(super) members: Vec<(String, Span)>,
}

impl Fact {
    /// What it is called: `retention`, `copy in vault`.
    pub(super) fn word(&self) -> String {
        match &self.of {
            None => self.aspect.word.to_owned(),
            Some(of) => format!("{} {of}", self.aspect.word),
        }
    }

    pub(super) fn is_of(&self, other: &Self) -> bool {
        self.aspect == other.aspect && self.of == other.of
    }

    /// The same of some members of its set; none where there are none of them.
    pub(super) fn only(self, is_asked: impl Fn(&String) -> bool) -> Option<Self> {
        let Value::Set(set) = self.value else { return Some(self) };
        let set: BTreeSet<String> = set.into_iter().filter(is_asked).collect();
        (!set.is_empty()).then_some(Self { value: Value::Set(set), ..self })
    }

    /// Whether one of these is what it is said within.
    pub(super) fn is_within_one_of(&self, facts: &[Self]) -> bool {
        let Some(within) = self.aspect.within else { return true };
        facts.iter().any(|fact| fact.aspect == within && fact.of == self.of)
    }
}

/// All that a plan says of one subject.
#[derive(Debug, Clone)]
pub(super) struct Entity {
    pub(super) subject: Subject,
    /// The subject that it is a part of.
    pub(super) owner: Option<String>,
    pub(super) span: Span,
    pub(super) facts: Vec<Fact>,
    /// Whether its loss loses nothing: it protects nothing by itself.
    pub(super) is_idle: bool,
    /// Whether its name is its own, and not that of what it is about.
    pub(super) has_own_name: bool,
    /// Whether recovery points carry its name.
    pub(super) names_points: bool,
}

impl Entity {
    pub(super) fn new(kind: Kind, name: impl Into<String>, span: Span) -> Self {
        let subject = Subject { kind, name: name.into() };
        let has_own_name = kind != Kind::Plan;
        Self { subject, owner: None, span, facts: vec![], is_idle: false, has_own_name, names_points: false }
    }

    pub(super) fn say(&mut self, aspect: &'static Aspect, value: impl Into<Value>, span: Span) {
        self.facts.push(Fact { aspect, of: None, value: value.into(), span, members: vec![] });
    }

    pub(super) fn say_of(&mut self, aspect: &'static Aspect, of: String, value: Value, span: Span) {
        self.facts.push(Fact { aspect, of: Some(of), value, span, members: vec![] });
    }

    /// Where it is said.
    pub(super) fn maybe<T: Clone + Into<Value>>(&mut self, aspect: &'static Aspect, said: Option<&Spanned<T>>) {
        if let Some(said) = said {
            self.say(aspect, said.value.clone(), said.span);
        }
    }

    /// As it is written.
    pub(super) fn maybe_shown<T: ToString>(&mut self, aspect: &'static Aspect, said: Option<&Spanned<T>>) {
        if let Some(said) = said {
            self.say(aspect, said.value.to_string(), said.span);
        }
    }

    pub(super) fn flag(&mut self, aspect: &'static Aspect, is_said: bool, span: Span) {
        if is_said {
            self.say(aspect, Value::Said, span);
        }
    }

    /// Its members, where it has any.
    pub(super) fn set<T: ToString>(&mut self, aspect: &'static Aspect, members: &[Spanned<T>]) {
        if let Some(first) = members.first() {
            self.set_of(aspect, members.iter().map(|member| (member.value.to_string(), member.span)), first.span);
        }
    }

    /// Its members, also where it has none.
    pub(super) fn set_of(
        &mut self,
        aspect: &'static Aspect,
        members: impl Iterator<Item = (String, Span)>,
        span: Span,
    ) {
        let members: Vec<(String, Span)> = members.collect();
        let value = Value::Set(members.iter().map(|(member, _)| member.clone()).collect());
        self.facts.push(Fact { aspect, of: None, value, span, members });
    }

    /// Its words, where it has any.
    pub(super) fn list<T: ToString>(&mut self, aspect: &'static Aspect, words: &[Spanned<T>]) {
        if let Some(first) = words.first() {
            let list = words.iter().map(|word| word.value.to_string()).collect();
            self.say(aspect, Value::List(list), first.span);
        }
    }
}

/// What subjects of the older plan are called in the newer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Renames {
    /// By the older plan's names.
    after: BTreeMap<Subject, String>,
    /// By the newer's.
    before: BTreeMap<Subject, String>,
}

impl Renames {
    pub(super) fn insert(&mut self, old: Subject, new: String) {
        self.before.insert(Subject { kind: old.kind, name: new.clone() }, old.name.clone());
        self.after.insert(old, new);
    }

    /// The older plan's own name for what has another so far, which it is not to have any more.
    pub(super) fn as_written(&mut self, so_far: Subject) -> Subject {
        let name = self.before.remove(&so_far);
        name.map_or(so_far.clone(), |name| Subject { name, ..so_far })
    }

    pub(super) fn of(&self, kind: Kind, name: &str) -> String {
        if self.after.is_empty() {
            return name.to_owned();
        }
        let subject = Subject { kind, name: name.to_owned() };
        self.after.get(&subject).cloned().unwrap_or(subject.name)
    }

    pub(super) fn name(&self, kind: Kind, name: &Name) -> String {
        self.of(kind, name.as_str())
    }

    pub(super) fn names(&self, kind: Kind, names: &[Spanned<Name>]) -> Vec<Spanned<String>> {
        names.iter().map(|name| Spanned { value: self.name(kind, &name.value), span: name.span }).collect()
    }

    /// What the older plan calls what the newer calls so, where that is another name: of a part, its own.
    pub(super) fn before(&self, subject: &Subject) -> Option<String> {
        let name = self.before.get(subject)?;
        let own = match subject.kind {
            Kind::Backup => name.split_once('/').map(|(_, own)| own),
            Kind::Step => name.split_once(": ").map(|(_, own)| own),
            _ => None,
        };
        Some(own.unwrap_or(name).to_owned())
    }
}
