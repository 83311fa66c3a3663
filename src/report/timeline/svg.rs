//! The calendar as a picture: a row for each job, a column for each day, week, month or year.
//!
//! It says nothing by colour alone, prints in black and white, and holds no script and nothing from elsewhere. All that comes from a plan is escaped.

use std::fmt::Write;

use jiff::Timestamp;

use super::super::words::counted;
use super::{AS_IF, Clock, period, place};
use crate::timeline::{AnyMoment, Cell, ColumnUnit, Columns, Keeps, KeptPoints, Recoverable, Timeline};

/// All lengths are pixels.
const MARGIN: f64 = 16.0;
const TITLE: f64 = 56.0;
const HEADS: f64 = 34.0;
const ROW: f64 = 26.0;
const LEGEND: f64 = 56.0;
/// What a character of the rows' names is wide, at most.
const CHARACTER: f64 = 6.7;
/// What a digit in a column is wide.
const NUMBER: f64 = 5.7;
/// What a title's character is wide.
const TITLE_CHARACTER: f64 = 8.6;
/// What the columns are wide together, as far as each has room.
const GRID: f64 = 930.0;

const STYLE: &str = "text{font-family:'DejaVu Sans',Verdana,sans-serif;font-size:11px;fill:#1a1a1a}.title{font-size:15px;font-weight:bold}\
    .small{font-size:10px;fill:#444}.line{stroke:#d5d5d5;stroke-width:1}.edge{stroke:#8a8a8a;stroke-width:1}\
    .there{fill:#1f5f9e;stroke:#123a61}.gone{fill:#fff;stroke:#8a8a8a;stroke-dasharray:2 2}.ring{fill:none;stroke:#6a6a6a}.range{fill:#9ec5e8;stroke:#123a61}\
    .number{font-size:9px;text-anchor:middle}.on{fill:#fff}.now{stroke:#a33;stroke-width:1.5;stroke-dasharray:5 3}";

/// The calendar of a timeline.
pub fn svg(of: &Timeline) -> String {
    let Picture { width, height, title, drawn } = Picture::of(of);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{drawn}</svg>\n",
        escape(&title),
        escape(&described()),
    )
}

/// The same within a page, whose style it takes.
pub(in crate::report) fn within(of: &Timeline) -> String {
    let Picture { width, height, title, drawn } = Picture::of(of);
    format!(
        "<svg class=\"calendar\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
         aria-label=\"{}. {}\">\n{drawn}</svg>\n",
        escape(&title),
        escape(&described()),
    )
}

fn described() -> String {
    format!("Which recovery points each job makes and keeps, {AS_IF}.")
}

/// What is drawn, and how large it is.
struct Picture {
    width: f64,
    height: f64,
    title: String,
    drawn: String,
}

impl Picture {
    fn of(of: &Timeline) -> Self {
        let clock = Clock::of(&of.timezone);
        let rows = rows(of);
        let names = rows.iter().map(|row| row.name.chars().count().max(row.place.chars().count())).max().unwrap_or(0);
        let columns = of.columns.starts.len().max(1);
        let earlier = rows.iter().map(|row| width_of(&row.earlier(), 6.2)).fold(30.0, f64::max) + 14.0;
        let sheet = Sheet {
            of,
            clock: &clock,
            left: MARGIN + (names as f64 * CHARACTER).max(60.0) + earlier,
            earlier,
            has_earlier: rows.iter().any(|row| !row.earlier().is_empty()),
            step: (GRID / columns as f64).clamp(5.0, 30.0).floor(),
            rows: rows.len(),
        };
        let title = format!("{}: recovery points, {}", of.plan, period(of, &clock));
        let wide = MARGIN * 2.0 + (title.chars().count() as f64 * TITLE_CHARACTER).max(590.0);
        let (width, height) = ((sheet.right() + 26.0 + MARGIN).max(wide), sheet.bottom() + LEGEND + MARGIN);
        let mut drawn = String::new();
        text(&mut drawn, MARGIN, MARGIN + 14.0, "title", &title);
        text(&mut drawn, MARGIN, MARGIN + 32.0, "small", AS_IF);
        sheet.heads(&mut drawn);
        let seen: Seen =
            (0..).zip(&rows).map(|(number, row)| sheet.row(&mut drawn, number, row)).fold(Seen::default(), Seen::and);
        sheet.shown_at(&mut drawn);
        legend(&mut drawn, sheet.bottom() + 30.0, seen);
        Self { width, height, title, drawn }
    }
}

/// A row of the calendar.
struct Row<'a> {
    name: String,
    place: String,
    what: What<'a>,
}

enum What<'a> {
    Points(&'a KeptPoints),
    Range(Option<&'a Recoverable>),
    ByHand,
}

impl Row<'_> {
    /// How many points it has of before the first column: `+7`, or `all`.
    fn earlier(&self) -> String {
        match self.what {
            What::Points(points) if points.is_endless() => "all".into(),
            What::Points(points) if points.earlier > 0 => format!("+{}", super::count(points.earlier)),
            What::Points(_) | What::Range(_) | What::ByHand => String::new(),
        }
    }
}

fn rows(of: &Timeline) -> Vec<Row<'_>> {
    let at_shown = |all: &[Recoverable]| all.iter().position(|one| one.at == of.shown_at);
    let mut rows = vec![];
    for job in &of.jobs {
        let what = match &job.keeps {
            Keeps::Points(points) => What::Points(points),
            Keeps::Range(range) => What::Range(at_shown(range).and_then(|at| range.get(at))),
            Keeps::ByHand => What::ByHand,
        };
        rows.push(Row { name: job.job.to_string(), place: place(&job.place), what });
    }
    for AnyMoment { job, place: kept, recoverable, .. } in &of.any_moment {
        let what = What::Range(at_shown(recoverable).and_then(|at| recoverable.get(at)));
        rows.push(Row { name: format!("{job} with its dumps"), place: place(kept), what });
    }
    rows
}

/// What the legend tells of.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    there: bool,
    some: bool,
    gone: bool,
    to_come: bool,
    range: bool,
}

impl Seen {
    fn and(self, other: Self) -> Self {
        Self {
            there: self.there || other.there,
            some: self.some || other.some,
            gone: self.gone || other.gone,
            to_come: self.to_come || other.to_come,
            range: self.range || other.range,
        }
    }
}

/// Where things are.
struct Sheet<'a> {
    of: &'a Timeline,
    clock: &'a Clock,
    /// Where the columns begin.
    left: f64,
    /// How much room there is before them for the number of what is older.
    earlier: f64,
    /// Whether anything is older.
    has_earlier: bool,
    /// How wide a column is.
    step: f64,
    rows: usize,
}

impl Sheet<'_> {
    fn columns(&self) -> &Columns {
        &self.of.columns
    }

    fn right(&self) -> f64 {
        self.left + self.step * self.columns().starts.len() as f64
    }

    fn top() -> f64 {
        MARGIN + TITLE + HEADS
    }

    fn bottom(&self) -> f64 {
        Self::top() + ROW * self.rows as f64
    }

    /// Where a time is.
    fn x(&self, time: Timestamp) -> f64 {
        let Columns { starts, end, .. } = self.columns();
        let Some(column) = self.columns().position(time) else { return self.left };
        let (start, next) = (starts[column], starts.get(column + 1).unwrap_or(end));
        let length = (next.as_second() - start.as_second()).max(1) as f64;
        let into = ((time.as_second() - start.as_second()) as f64 / length).clamp(0.0, 1.0);
        self.left + self.step * (column as f64 + into)
    }

    /// The dates above the columns: two lines, of which the upper is written where it changes.
    fn heads(&self, out: &mut String) {
        let heads: Vec<(f64, String, String)> =
            (0..).zip(&self.columns().starts).map(|(number, start)| self.head(number, *start)).collect();
        let is_new = |number: usize| number == 0 || heads[number - 1].1 != heads[number].1;
        let mut free = f64::MIN;
        for (number, (x, above, below)) in heads.iter().enumerate() {
            let (height, class) = if is_new(number) { (HEADS, "edge") } else { (4.0, "line") };
            line(out, *x, Self::top() - height, *x, self.bottom(), class);
            let next = (number + 1..heads.len()).find(|next| is_new(*next)).map_or(f64::MAX, |next| heads[next].0);
            if is_new(number) && x + 8.0 + width_of(above, CHARACTER) <= next {
                text(out, x + 3.0, Self::top() - 20.0, "", above);
            }
            let (middle, half) = (x + self.step / 2.0, width_of(below, NUMBER) / 2.0);
            if free <= middle - half {
                text(out, middle, Self::top() - 6.0, "number", below);
                free = middle + half + 2.0;
            }
        }
        line(out, self.right(), Self::top() - 4.0, self.right(), self.bottom(), "edge");
        if self.has_earlier {
            text(out, self.left - self.earlier, Self::top() - 6.0, "small", "before");
        }
        line(out, MARGIN, Self::top(), self.right(), Self::top(), "edge");
    }

    /// Where a column begins, and what stands above it in the upper line and in the lower.
    fn head(&self, number: u32, start: Timestamp) -> (f64, String, String) {
        let shown = |form: &str| self.clock.zone.to_datetime(start).strftime(form).to_string();
        let (above, below) = match self.columns().unit {
            ColumnUnit::Day | ColumnUnit::Week => (shown("%Y-%m"), shown("%-d")),
            ColumnUnit::Month => (shown("%Y"), shown("%-m")),
            ColumnUnit::Year => (String::new(), shown("%Y")),
        };
        (self.left + self.step * f64::from(number), above, below)
    }

    fn row(&self, out: &mut String, number: usize, row: &Row<'_>) -> Seen {
        let y = Self::top() + ROW * number as f64;
        text(out, MARGIN, y + 11.0, "", &row.name);
        text(out, MARGIN, y + 22.0, "small", &row.place);
        line(out, MARGIN, y + ROW, self.right(), y + ROW, "line");
        match &row.what {
            What::Points(points) => {
                if !row.earlier().is_empty() {
                    text(out, self.left - self.earlier, y + 17.0, "small", &row.earlier());
                }
                let seen = points.cells.iter().enumerate().map(|(column, cell)| self.cell(out, column, y, cell));
                seen.fold(Seen::default(), Seen::and)
            }
            What::Range(recoverable) => self.range(out, y, *recoverable),
            What::ByHand => {
                text(out, self.left + 4.0, y + 17.0, "small", "by hand: it has no schedule");
                Seen::default()
            }
        }
    }

    /// Full where all points of a column are there, half where some are, an outline where none is left, a ring where they are still to come.
    fn cell(&self, out: &mut String, column: usize, y: f64, cell: &Cell) -> Seen {
        if cell.made == 0 {
            return Seen::default();
        }
        let gap = if self.step < 12.0 { 1.0 } else { 3.0 };
        let (x, width) = (self.left + self.step * column as f64 + gap, self.step - gap * 2.0);
        let (top, height) = (y + 5.0, ROW - 10.0);
        let start = self.columns().starts[column];
        let _ = write!(out, "<g><title>{}: {}</title>", self.clock.date_or_time(start), told(cell));
        let made = cell.made - cell.to_come;
        if made == 0 {
            ring(out, x + width / 2.0, top + height / 2.0, (width / 2.0).min(4.0));
            out.push_str("</g>\n");
            return Seen { to_come: true, ..Seen::default() };
        }
        let is_all = cell.there == made;
        if !is_all {
            rectangle(out, x, top, width, height, "gone");
        }
        if cell.there > 0 {
            let part = if is_all { height } else { height / 2.0 };
            rectangle(out, x, top + height - part, width, part, "there");
        }
        let shown = made.to_string();
        if made > 1 && width >= shown.len() as f64 * 6.0 && (is_all || cell.there == 0) {
            let class = if is_all { "number on" } else { "number" };
            text(out, x + width / 2.0, top + height / 2.0 + 3.0, class, &shown);
        }
        out.push_str("</g>\n");
        Seen { there: is_all, some: !is_all && cell.there > 0, gone: cell.there == 0, ..Seen::default() }
    }

    /// A bar over the moments that can be recovered; an arrow where it begins before the first column.
    fn range(&self, out: &mut String, y: f64, recoverable: Option<&Recoverable>) -> Seen {
        let Some((of, latest)) = recoverable.and_then(|of| Some((of, of.latest?))) else {
            text(out, self.left + 4.0, y + 17.0, "small", "nothing can be recovered");
            return Seen::default();
        };
        let first = self.columns().starts.first().copied().unwrap_or(self.of.from);
        let is_before = of.earliest.is_none_or(|earliest| earliest < first);
        let begin = of.earliest.map_or(self.left, |earliest| self.x(earliest));
        let end = self.x(latest).max(begin + 1.5);
        let _ = write!(out, "<g><title>{}</title>", escape(&super::recoverable(of, None, self.clock)));
        rectangle(out, begin, y + 8.0, end - begin, ROW - 16.0, "range");
        if is_before && latest >= first {
            let (x, middle) = (self.left, y + ROW / 2.0);
            let _ = write!(out, "<path d=\"M{:.1} {middle:.1}l8 -7v14z\" class=\"range\"/>", x - 9.0);
        }
        out.push_str("</g>\n");
        Seen { range: true, ..Seen::default() }
    }

    /// The time at which it is told what is there.
    fn shown_at(&self, out: &mut String) {
        let x = self.x(self.of.shown_at).min(self.right());
        line(out, x, Self::top() - 4.0, x, self.bottom() + 6.0, "now");
        let label = format!("what is there at {}", self.clock.date_or_time(self.of.shown_at));
        let width = label.chars().count() as f64 * 5.7;
        text(out, (x - width).max(MARGIN), self.bottom() + 14.0, "small", &label);
    }
}

/// What became of the points of a column.
pub(in crate::report) fn told(cell: &Cell) -> String {
    let all = counted(cell.made, "point");
    match (cell.there, cell.made - cell.there - cell.to_come, cell.to_come) {
        (_, 0, 0) => format!("{all}, all there"),
        (0, _, 0) => format!("{all}, none there any more"),
        (0, 0, _) => format!("{all}, still to come"),
        (there, gone, 0) => format!("{all}: {} there, {} let go", super::count(there), super::count(gone)),
        (there, gone, to_come) => {
            let [there, gone, to_come] = [there, gone, to_come].map(super::count);
            format!("{all}: {there} there, {gone} let go, {to_come} still to come")
        }
    }
}

fn legend(out: &mut String, y: f64, seen: Seen) {
    let mut x = MARGIN;
    let mut item = |out: &mut String, is_seen: bool, draw: &dyn Fn(&mut String, f64), label: &str| {
        if is_seen {
            draw(out, x);
            text(out, x + 22.0, y + 11.0, "", label);
            x += 22.0 + label.chars().count() as f64 * CHARACTER + 18.0;
        }
    };
    item(out, seen.there, &|out, x| rectangle(out, x, y, 16.0, 14.0, "there"), "points, all there");
    let half = |out: &mut String, x: f64| {
        rectangle(out, x, y, 16.0, 14.0, "gone");
        rectangle(out, x, y + 7.0, 16.0, 7.0, "there");
    };
    item(out, seen.some, &half, "some of them let go");
    item(out, seen.gone, &|out, x| rectangle(out, x, y, 16.0, 14.0, "gone"), "all let go");
    item(out, seen.to_come, &|out, x| ring(out, x + 8.0, y + 7.0, 4.0), "still to come");
    item(out, seen.range, &|out, x| rectangle(out, x, y + 2.0, 16.0, 10.0, "range"), "any moment");
}

fn ring(out: &mut String, x: f64, y: f64, radius: f64) {
    let _ = write!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" class=\"ring\"/>");
}

fn rectangle(out: &mut String, x: f64, y: f64, width: f64, height: f64, class: &str) {
    let _ =
        write!(out, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" class=\"{class}\"/>");
}

fn line(out: &mut String, x1: f64, y1: f64, x2: f64, y2: f64, class: &str) {
    let _ = writeln!(out, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" class=\"{class}\"/>");
}

fn text(out: &mut String, x: f64, y: f64, class: &str, text: &str) {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\"{class}>{}</text>", escape(text));
}

fn width_of(text: &str, character: f64) -> f64 {
    text.chars().count() as f64 * character
}

/// A text as XML holds it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() => escaped.extend(c.escape_default()),
            // No characters of XML (<https://www.w3.org/TR/xml/#charsets>).
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(
            escape("<a b=\"c\"> & 'd'\u{1b}\n\u{ffff}"),
            "&lt;a b=&quot;c&quot;&gt; &amp; &#39;d&#39;\\u{1b}\\n\u{fffd}"
        );
    }
}
