//! Inputs made from a seed: bytes, characters, heaps of words, and above all plans with something changed.

use sonae::lower::Word;
use sonae::lower::vocabulary::ROOT;

#[path = "../../services/noise.rs"]
mod noise;

/// What the inputs are made of.
pub(super) struct Pool {
    /// Plans, most of them good ones.
    plans: Vec<String>,
    /// The plan that includes the other files of its folder.
    several: String,
    /// Every word of the language, with values and marks.
    tokens: Vec<String>,
}

pub(super) fn pool() -> Pool {
    let mut plans = crate::docs::plans_shown();
    let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["plans", "tests/corpus/plans", "tests/corpus/diagnostics"] {
        let files = std::fs::read_dir(home.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "kdl")).collect();
        files.sort();
        plans.extend(files.iter().map(|file| std::fs::read_to_string(file).unwrap()));
    }
    let parts = parts();
    let several = parts.iter().find(|(name, _)| name == "plan.kdl").map(|(_, text)| text.clone()).unwrap();
    plans.extend(parts.into_iter().map(|(_, text)| text));
    let mut tokens: Vec<String> = [MARKS, NUMBERS].concat().into_iter().map(str::to_owned).collect();
    tokens.extend(QUANTITIES.iter().map(|value| format!("\"{value}\"")));
    words(&ROOT, 0, &mut tokens);
    Pool { plans, several, tokens }
}

/// The files of the plan of several files.
fn parts() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/parts");
    crate::corpus::texts_of(&folder, "")
}

/// The files that the input of a seed may include: those of the plan of several files, and one of another plan, most with something changed.
pub(super) fn beside(seed: u64, pool: &Pool) -> Vec<(String, String)> {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut texts = parts();
    texts.push(("any.kdl".to_owned(), dice.of(&pool.plans).to_owned()));
    let changes_max = 2 * dice.below(2);
    for (_, text) in &mut texts {
        for _ in 0..dice.below(changes_max + 1) {
            let bytes = changed(std::mem::take(text).into_bytes(), &mut dice, pool);
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    texts
}

/// Lines that tie blocks and files together, each a whole one.
const TIES: &[&str] = &[
    "include \"any.kdl\"\n",
    "include \"logs.kdl\"\n",
    "include \"stores/stores.kdl\"\n",
    "include \"../input.kdl\"\n",
    "include \"input.kdl\"; include \"nowhere.kdl\"\n",
    "use \"nightly\"\n",
    "use \"nightly\"; use \"remade\"; use \"nihgtly\"\n",
    "template \"remade\" { no-backup \"anew\"; use \"nightly\"; objective rto=\"1s\" }\n",
    "template \"nightly\" { backup \"b\" { archive \"tar.zip\"; store \"vault\"; waive \"sonae::retention::none\" reason=\"r\" until=\"2100-01-01\" } }\n",
    "target \"t\" { use \"nightly\"; files \"/t\" }\n",
    "target \"u\" { use \"remade\" }\n",
];

/// The names of a word, of its properties and of all that its block may hold. `parallel` may hold itself.
fn words(word: &'static Word, depth: usize, out: &mut Vec<String>) {
    out.push(word.name.to_owned());
    out.extend(word.properties.iter().map(|property| format!("{}=", property.name)));
    word.children.iter().filter(|_| depth < 6).for_each(|child| words(child, depth + 1, out));
    out.sort();
    out.dedup();
}

const MARKS: &[&str] = &[
    "{", "}", "{\n", "}\n", "\n", ";", " ", "/-", "/*", "*/", "//", "\\", "\"", "\"\"\"", "\"\"\"\n", "#\"", "\"#",
    "(", ")", "#", "=", "\u{feff}", "\u{202e}", "\0", "\r\n", "\r", "\u{85}", "\\\n", "\u{3000}", "#true", "#null",
    "#inf", "(t)", "(env)", "(file)", "(output)",
];

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1.5",
    "1e400",
    "-1e-400",
    "0xffffffffffffffffffffffffffffffff",
    "0b102",
    "0o777",
    "1_000",
    "1__0",
    "+7",
    "00007",
    "4294967296",
    "18446744073709551616",
    "170141183460469231731687303715884105727",
    "170141183460469231731687303715884105728",
    "99999999999999999999999999999999999999999999999999",
    "#nan",
    "#-inf",
    "１２",
];

const QUANTITIES: &[&str] = &[
    "web server.address",
    "documents.path",
    ".address",
    "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    "AGE-SECRET-KEY-1",
    "age1",
    "access-%Y%m%d.log",
    "%",
    "%Y%Y",
    "03:00/30m",
    "/",
    "50MiB/s",
    "18446744073709551615GiB/s",
    "area:data",
    "area:",
    "*",
    "https://example.org",
    "://",
    "a=b",
    "=",
    "",
    "0s",
    "1s",
    "59s",
    "1m",
    "999999999999999999999d",
    "18446744073709551615s",
    "36600d",
    "36601d",
    "1s1m",
    "-5m",
    "1.5h",
    "5",
    "m",
    "100%",
    "101%",
    "99.999999999999999999999%",
    "-1%",
    "24:00",
    "23:59:59.999",
    "00:00",
    "-1:00",
    "0000-01-01",
    "9999-12-31",
    "10000-01-01",
    "-009999-01-01",
    "2027-02-29",
    "02-29",
    "02-30",
    "13-01",
    "1TiB",
    "16EiB",
    "99999999999999999999GiB",
    "0B",
    "7y",
    "999999y",
    "0d",
    "* * * * *",
    "*/1 */1 31 2 *",
    "0 0 29 2 1",
    "59 23 31 12 0-7",
    "L * * * *",
    "@daily",
    "Asia/Tokyo",
    "Antarctica/Troll",
    "UTC",
    "utc",
    "../../etc/passwd",
    "/",
    ".",
    "..",
    "a/b",
    "a/b/c",
    "documents/daily",
    "sonae::retention::none",
    "sonae::",
    "[",
    "{a,{b,{c,d}}}",
    "**/**/**",
    "[!a-",
    "\\",
];

/// Where a class of characters begins and ends: directions of writing, without width, combining, for private use, no characters at all, …
const CHARACTERS: &[(u32, u32)] = &[
    (0, 0x7f),
    (0x80, 0x24f),
    (0x300, 0x36f),
    (0x590, 0x6ff),
    (0x200b, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0x3040, 0x30ff),
    (0xe000, 0xe010),
    (0xfdd0, 0xfdef),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xfff9, 0xffff),
    (0x1_f1e6, 0x1_f1ff),
    (0x1_f468, 0x1_f469),
    (0xe_0001, 0xe_007f),
    (0xf_fffe, 0x10_0002),
    (0x10_fff0, 0x10_ffff),
    (0, 0x10_ffff),
];

/// Numbers from a seed.
struct Dice(u64);

impl Dice {
    /// A number below `limit`; 0 where that is 0.
    fn below(&mut self, limit: usize) -> usize {
        let number = noise::next_random(&mut self.0) % (limit.max(1) as u64);
        usize::try_from(number).unwrap()
    }

    fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    fn of<'a>(&mut self, all: &'a [String]) -> &'a str {
        &all[self.below(all.len())]
    }

    fn characters(&mut self, count_max: usize) -> String {
        let count = self.below(count_max);
        let one = |dice: &mut Self| {
            let (first, last) = CHARACTERS[dice.below(CHARACTERS.len())];
            let among = usize::try_from(last - first + 1).unwrap();
            char::from_u32(first + u32::try_from(dice.below(among)).unwrap()).unwrap_or(char::REPLACEMENT_CHARACTER)
        };
        (0..count).map(|_| one(self)).collect()
    }
}

/// The input of a seed.
pub(super) fn made(seed: u64, pool: &Pool) -> Vec<u8> {
    let mut dice = Dice(seed.wrapping_mul(0x5851_f42d_4c95_7f2d));
    match dice.below(100) {
        0..5 => {
            let length = dice.below(300);
            noise::noise(dice.0, length)
        }
        5..10 => dice.characters(200).into_bytes(),
        10..20 => heap(&mut dice, pool).into_bytes(),
        20..23 => long(&mut dice, pool).into_bytes(),
        part => {
            let plan = if part < 33 { &pool.several } else { dice.of(&pool.plans) };
            let mut text = plan.as_bytes().to_vec();
            for _ in 0..=dice.below(4) {
                text = changed(text, &mut dice, pool);
            }
            text
        }
    }
}

/// Words, values and marks in any order.
fn heap(dice: &mut Dice, pool: &Pool) -> String {
    let pieces = dice.below(120);
    let piece = |dice: &mut Dice| format!("{}{}", dice.of(&pool.tokens), dice.one_of(&["", " ", " ", "\n"]));
    (0..pieces).map(|_| piece(dice)).collect()
}

/// One piece, again and again.
fn long(dice: &mut Dice, pool: &Pool) -> String {
    let piece = format!("{}{}", dice.of(&pool.tokens), dice.of(&pool.tokens));
    let times = dice.below(2_000);
    format!("plan \"p\"\n{}{}", dice.of(&pool.tokens), piece.repeat(times))
}

/// A plan with one thing changed.
fn changed(mut bytes: Vec<u8>, dice: &mut Dice, pool: &Pool) -> Vec<u8> {
    let place = place(&bytes, dice);
    let put = match dice.below(15) {
        0 => {
            let at = dice.below(bytes.len());
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << dice.below(8));
            return bytes;
        }
        1 => {
            let start = dice.below(bytes.len());
            let end = (start + dice.below(200)).min(bytes.len());
            bytes.drain(start..end);
            return bytes;
        }
        2 => {
            let start = dice.below(bytes.len());
            let again = bytes[start..(start + dice.below(400)).min(bytes.len())].to_vec();
            bytes.splice(start..start, again);
            return bytes;
        }
        3 => {
            let other = dice.of(&pool.plans).as_bytes();
            bytes.truncate(dice.below(bytes.len()));
            bytes.extend_from_slice(&other[dice.below(other.len())..]);
            return bytes;
        }
        12.. => {
            let lines: Vec<usize> =
                bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
            let at = lines.get(dice.below(lines.len())).copied().unwrap_or(0);
            bytes.splice(at..at, dice.one_of(TIES).bytes());
            return bytes;
        }
        4..7 => dice.of(&pool.tokens).to_owned(),
        7..9 => format!("\"{}\"", dice.one_of(QUANTITIES)),
        9 => dice.one_of(NUMBERS).to_owned(),
        10 => format!("\"{}\"", dice.characters(80)),
        _ => format!("\"{}\"", "n".repeat(60 + dice.below(10))),
    };
    bytes.splice(place, put.into_bytes());
    bytes
}

/// Where a token stands: a string with its quotes, or a word.
fn place(bytes: &[u8], dice: &mut Dice) -> std::ops::Range<usize> {
    let at = dice.below(bytes.len());
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'"' | b':' | b'/');
    let start = bytes[..at].iter().rposition(|byte| !in_word(byte)).map_or(0, |before| before + 1);
    let length = bytes[start..].iter().position(|byte| !in_word(byte)).unwrap_or(bytes.len() - start);
    start..start + length
}
