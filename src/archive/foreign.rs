//! A tar that others made, packed or not: by gzip (RFC 1952) or zstd (RFC 8878).
//!
//! Unaware of where it comes from. Invariant: what is unpacked at a time is bounded, whatever the bytes say.

use std::io::Write as _;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;

use super::{ArchiveError, TarEvent, TarReader};

/// So much is needed to tell how it is packed.
const MAGIC_BYTES: usize = 6;
/// So much is unpacked at a time. Deflate makes at most 1,032 bytes of one,
const GZIP_PIECE_BYTES: usize = 8 * 1024;
/// and zstd at most 128 KiB of a block of four.
const ZSTD_PIECE_BYTES: usize = 256;

/// How it is packed.
enum Packing {
    /// Not known yet: this is how it begins.
    Unknown(Vec<u8>),
    None,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Vec<u8>>>),
}

/// Such a tar, read as it comes in.
pub struct ForeignTar {
    packing: Packing,
    tar: TarReader,
    /// Unpacked, and not read yet.
    plain: Bytes,
}

impl Default for ForeignTar {
    fn default() -> Self {
        Self { packing: Packing::Unknown(Vec::new()), tar: TarReader::foreign(), plain: Bytes::new() }
    }
}

impl ForeignTar {
    /// Takes from the front of `input` until something is to be told; none when all of it is used up.
    ///
    /// # Errors
    /// When it is no tar, is packed otherwise, or holds what is not supported. Then it is of no more use.
    pub fn push(&mut self, input: &mut Bytes) -> Result<Option<TarEvent>, ArchiveError> {
        loop {
            if let Some(event) = self.tar.push(&mut self.plain)? {
                return Ok(Some(event));
            }
            if input.is_empty() {
                return Ok(None);
            }
            self.plain = self.unpack(input)?;
        }
    }

    /// Whether it came to its end.
    ///
    /// # Errors
    /// When it was cut short, or was packed by one who did not finish.
    pub fn finish(&mut self) -> Result<(), ArchiveError> {
        match &mut self.packing {
            Packing::Unknown(_) => return Err(ArchiveError::new("it is too short to be an archive")),
            Packing::Gzip(gzip) => gzip.try_finish().map_err(|error| malformed("gzip", &error))?,
            Packing::None | Packing::Zstd(_) => {}
        }
        self.tar.finish()
    }

    fn unpack(&mut self, input: &mut Bytes) -> Result<Bytes, ArchiveError> {
        match &mut self.packing {
            Packing::Unknown(begin) => {
                let wanted = MAGIC_BYTES.saturating_sub(begin.len()).min(input.len());
                begin.extend_from_slice(&input.split_to(wanted));
                if begin.len() < MAGIC_BYTES {
                    return Ok(Bytes::new());
                }
                let mut begin = Bytes::from(std::mem::take(begin));
                self.packing = packing(&begin)?;
                self.unpack(&mut begin)
            }
            Packing::None => Ok(std::mem::take(input)),
            Packing::Gzip(gzip) => {
                let piece = input.split_to(input.len().min(GZIP_PIECE_BYTES));
                gzip.write_all(&piece).map_err(|error| malformed("gzip", &error))?;
                // What was unpacked is handed on when the decoder is flushed.
                gzip.flush().map_err(|error| malformed("gzip", &error))?;
                Ok(std::mem::take(gzip.get_mut()).into())
            }
            Packing::Zstd(zstd) => {
                let piece = input.split_to(input.len().min(ZSTD_PIECE_BYTES));
                zstd.write_all(&piece).map_err(|error| malformed("zstd", &error))?;
                zstd.flush().map_err(|error| malformed("zstd", &error))?;
                Ok(std::mem::take(zstd.get_mut()).into())
            }
        }
    }
}

/// By the first bytes (magic(5)).
fn packing(begin: &[u8]) -> Result<Packing, ArchiveError> {
    let refused = |what: &str| {
        Err(ArchiveError::new(format!("it is {what}, which cannot be unpacked: pack it as a tar, with gzip or zstd")))
    };
    match begin {
        [0x1f, 0x8b, ..] => Ok(Packing::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = zstd::stream::write::Decoder::new(Vec::new());
            Ok(Packing::Zstd(Box::new(decoder.map_err(|error| malformed("zstd", &error))?)))
        }
        [b'P', b'K', 3 | 5, ..] => refused("a zip"),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => refused("packed with xz"),
        [b'B', b'Z', b'h', ..] => refused("packed with bzip2"),
        _ => Ok(Packing::None),
    }
}

fn malformed(what: &str, error: &std::io::Error) -> ArchiveError {
    ArchiveError::new(format!("its {what} is damaged: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::MemberKind;

    fn owned(header: &mut tar::Header) {
        header.set_mode(0o755);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1);
    }

    /// A tar as GNU tar makes it of `.`, with what `git archive` puts before all.
    fn tar() -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut all = tar::Header::new_ustar();
        all.set_entry_type(tar::EntryType::XGlobalHeader);
        all.set_size(19);
        all.set_cksum();
        tar.append(&all, &b"19 comment=a commit"[..]).unwrap();
        let mut folder = tar::Header::new_gnu();
        folder.set_entry_type(tar::EntryType::Directory);
        owned(&mut folder);
        folder.set_size(0);
        folder.as_mut_bytes()[..2].copy_from_slice(b"./");
        folder.set_cksum();
        tar.append(&folder, &[][..]).unwrap();
        for (name, content) in [("./bin/run", &b"#!/bin/sh\n"[..]), ("./zeros", &[0; 40_000])] {
            let mut header = tar::Header::new_gnu();
            owned(&mut header);
            header.set_size(content.len() as u64);
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            tar.append(&header, content).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// The paths and contents that come of bytes which arrive in such pieces.
    fn read(bytes: &[u8], piece: usize) -> Result<Vec<(String, usize)>, ArchiveError> {
        let (mut tar, mut found) = (ForeignTar::default(), vec![]);
        for piece in bytes.chunks(piece) {
            let mut piece = Bytes::copy_from_slice(piece);
            while let Some(event) = tar.push(&mut piece)? {
                match event {
                    TarEvent::Member { member, .. } => {
                        let mark = if member.kind == MemberKind::Folder { "/" } else { "" };
                        found.push((format!("{}{mark}", member.path), 0));
                    }
                    TarEvent::Data(bytes) => found.last_mut().unwrap().1 += bytes.len(),
                    _ => {}
                }
            }
        }
        tar.finish().map(|()| found)
    }

    #[test]
    fn tars_of_others_are_read_however_they_are_packed_and_arrive() {
        let tar = tar();
        let zstd = zstd::bulk::compress(&tar, 3).unwrap();
        let expected = [("/".to_owned(), 0), ("bin/run".to_owned(), 10), ("zeros".to_owned(), 40_000)];
        for bytes in [tar.clone(), gzip(&tar), zstd] {
            for piece in [1, 5, 511, 10_000, 1 << 20] {
                assert_eq!(read(&bytes, piece).unwrap(), expected, "in pieces of {piece}");
            }
        }
        // Two streams, one behind the other, are one (RFC 1952, 2.2).
        let (one, two) = tar.split_at(700);
        assert_eq!(read(&[gzip(one), gzip(two)].concat(), 300).unwrap(), expected);
    }

    #[test]
    fn what_is_none_or_is_cut_short_says_so() {
        let why = |bytes: &[u8]| read(bytes, 1000).unwrap_err().to_string();
        let (tar, zip) = (tar(), b"PK\x03\x04 and so on");
        assert_eq!(why(zip), "it is a zip, which cannot be unpacked: pack it as a tar, with gzip or zstd");
        assert_eq!(
            why(b"\xfd7zXZ\0..."),
            "it is packed with xz, which cannot be unpacked: pack it as a tar, with gzip or zstd"
        );
        assert_eq!(why(b"PK"), "it is too short to be an archive");
        assert_eq!(why(&tar[..tar.len() - 1024]), "the tar is cut short");
        assert!(why(&gzip(&tar)[..60]).starts_with("its gzip is damaged"), "{}", why(&gzip(&tar)[..60]));
        assert!(why(&[b'x'; 600]).contains("checksum"), "{}", why(&[b'x'; 600]));
    }

    #[test]
    fn a_bomb_is_unpacked_a_piece_at_a_time() {
        let packed = zstd::bulk::compress(&vec![0; 256 << 20], 19).unwrap();
        let (mut tar, mut input) = (ForeignTar::default(), Bytes::from(packed));
        let (mut most, mut whole) = (0, 0);
        while !input.is_empty() {
            let plain = tar.unpack(&mut input).unwrap();
            most = most.max(plain.len());
            whole += plain.len();
        }
        assert_eq!(whole, 256 << 20);
        assert!(most <= 16 << 20, "{most} bytes at once");
    }
}
