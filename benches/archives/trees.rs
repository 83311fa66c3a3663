//! What is backed up: made from seeds, so the same on every machine.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::noise::{next_random, noise};

const LOGS: u32 = 30;
const LOG_BYTES: u64 = 10 << 20;

/// 300 MiB of access logs in 30 files.
pub(crate) fn logs(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)?;
    let mut chance = Chance(7);
    let clients: Vec<Client> = (0..5000).map(|_| Client::any(&mut chance)).collect();
    for day in 1..=LOGS {
        let mut log = BufWriter::new(File::create(folder.join(format!("access-202604{day:02}.log")))?);
        let (mut written, mut second) = (0, 0);
        while written < LOG_BYTES {
            second += chance.below(3);
            let client = chance.one(&clients);
            let line = line(&mut chance, client, day, second);
            log.write_all(line.as_bytes())?;
            written += line.len() as u64;
        }
        log.flush()?;
    }
    Ok(())
}

/// Who visits.
struct Client {
    address: String,
    agent: String,
}

impl Client {
    fn any(chance: &mut Chance) -> Self {
        let [a, b, c, d] = [224, 256, 256, 256].map(|most| chance.below(most));
        let agent = match chance.below(4) {
            0 => format!(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.{}.{} Safari/537.36",
                100 + chance.below(30),
                chance.below(6000),
                chance.below(200)
            ),
            1 => format!(
                "Mozilla/5.0 (iPhone; CPU iPhone OS {}_{} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{}.0 Mobile/15E148 Safari/604.1",
                14 + chance.below(5),
                chance.below(8),
                14 + chance.below(5)
            ),
            2 => {
                format!("Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0", 90 + chance.below(50))
            }
            _ => format!("curl/7.{}.{}", 50 + chance.below(40), chance.below(3)),
        };
        Self { address: format!("{a}.{b}.{c}.{d}"), agent }
    }
}

/// One line in the combined log format (<https://httpd.apache.org/docs/2.4/logs.html>), with the time that it took.
fn line(chance: &mut Chance, client: &Client, day: u32, second: u64) -> String {
    const PAGES: [&str; 14] = [
        "/",
        "/login",
        "/api/v1/items",
        "/api/v1/orders",
        "/static/app.js",
        "/static/app.css",
        "/img/logo.png",
        "/shop/#",
        "/shop/#/edit",
        "/api/v1/users/#",
        "/search?q=#",
        "/cart",
        "/checkout",
        "/health",
    ];
    let page = chance.one(&PAGES).replace('#', &chance.below(50_000).to_string());
    let method = chance.one(&["GET", "GET", "GET", "POST"]);
    let status = chance.one(&[200, 200, 200, 200, 304, 302, 404, 500]);
    let from = chance.one(&PAGES[..5]);
    let (hour, minute, rest) = (second / 3600 % 24, second / 60 % 60, second % 60);
    let (size, took) = (100 + chance.below(99_900), chance.below(3000));
    let Client { address, agent } = client;
    format!(
        "{address} - - [{day:02}/Apr/2026:{hour:02}:{minute:02}:{rest:02} +0900] \"{method} {page} HTTP/1.1\" {status} {size} \
         \"https://shop.example.jp{from}\" \"{agent}\" {}.{:03}\n",
        took / 1000,
        took % 1000
    )
}

pub(crate) const IMAGES: u64 = 10_000;
const IMAGE_FOLDERS: u64 = 100;

/// 10,000 files that do not pack, of 20 to 180 KB each, in 100 folders: almost a gibibyte.
pub(crate) fn images(folder: &Path) -> io::Result<()> {
    let mut chance = Chance(8);
    for number in 0..IMAGES {
        let path = folder.join(image(number));
        if number < IMAGE_FOLDERS {
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
        }
        let bytes = usize::try_from(20_000 + chance.below(160_001)).map_err(io::Error::other)?;
        fs::write(path, noise(chance.next(), bytes))?;
    }
    Ok(())
}

/// The path of an image below its folder.
pub(crate) fn image(number: u64) -> String {
    format!("{:02}/{number:05}.jpg", number % IMAGE_FOLDERS)
}

/// So many files of a few bytes, so many to a folder.
pub(crate) fn small_files(folder: &Path, files: u32, to_a_folder: u32) -> io::Result<()> {
    for number in 0..files {
        let below = folder.join(format!("{:04}", number / to_a_folder));
        if number % to_a_folder == 0 {
            fs::create_dir_all(&below)?;
        }
        fs::write(below.join(format!("file-{number:07}")), number.to_string())?;
    }
    Ok(())
}

/// So many files of a gibibyte each, none of which packs.
pub(crate) fn gibibytes(folder: &Path, files: u32) -> io::Result<()> {
    fs::create_dir(folder)?;
    let mut chance = Chance(9);
    for number in 0..files {
        let mut file = File::create(folder.join(format!("large-{number:02}")))?;
        for _ in 0..1024 {
            file.write_all(&noise(chance.next(), 1 << 20))?;
        }
    }
    Ok(())
}

/// The size of all files below a path, in bytes; 0 where there is nothing.
pub(crate) fn bytes(path: &Path) -> io::Result<u64> {
    let meta = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        found => found?,
    };
    if !meta.is_dir() {
        return Ok(meta.len());
    }
    fs::read_dir(path)?.map(|entry| bytes(&entry?.path())).sum()
}

/// A seeded series.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        next_random(&mut self.0)
    }

    /// A number from 0 on, and below this one.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap_or_default()]
    }
}
