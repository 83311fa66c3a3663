//! What stays on a terminal of all that was written to it: what was redrawn is seen as it was drawn last.

/// So wide the terminals of the tests are.
pub(crate) const COLUMNS: usize = 160;

/// The lines that somebody sees who scrolls back at the end.
pub(crate) fn screen(written: &str) -> String {
    let mut screen = Screen { lines: vec![vec![]], row: 0, column: 0 };
    let mut rest = written.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => screen.obey(&mut rest),
            '\r' => screen.column = 0,
            '\n' => screen.down(),
            c => screen.put(c),
        }
    }
    let lines = screen.lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned());
    let text: String = lines.map(|line| line + "\n").collect();
    text.trim_end().to_owned() + "\n"
}

struct Screen {
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    fn down(&mut self) {
        self.row += 1;
        if self.row == self.lines.len() {
            self.lines.push(vec![]);
        }
    }

    fn put(&mut self, c: char) {
        if self.column == COLUMNS {
            self.column = 0;
            self.down();
        }
        let line = &mut self.lines[self.row];
        if line.len() <= self.column {
            line.resize(self.column + 1, ' ');
        }
        line[self.column] = c;
        self.column += 1;
    }

    /// A control sequence (ECMA-48): of those that programs here write, what moves the cursor or takes away.
    fn obey(&mut self, rest: &mut std::str::Chars<'_>) {
        if rest.next() != Some('[') {
            return;
        }
        let mut number = String::new();
        for c in rest {
            if c.is_ascii_alphabetic() {
                let count = number.parse().unwrap_or(1);
                match c {
                    'A' => self.row = self.row.saturating_sub(count),
                    'B' => (0..count).for_each(|_| self.down()),
                    'K' if number == "2" => self.lines[self.row].clear(),
                    'K' => self.lines[self.row].truncate(self.column),
                    _ => {}
                }
                return;
            }
            number.push(c);
        }
    }
}
