//! Secrets of this process's environment, and of files of this host.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is the port on real secrets")]

use std::io::Read as _;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use super::blocking::blocking;
use crate::ports::{Cause, Fault, Revealed, SecretPlace, Secrets};

/// The longest secret: much more than a private key.
const BYTES_MAX: u64 = 64 << 10;

/// Secrets as this process finds them, read anew each time that they are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostSecrets;

#[async_trait::async_trait]
impl Secrets for HostSecrets {
    async fn reveal(&self, place: &SecretPlace) -> Result<Revealed, Fault> {
        let action = format!("read the secret {place}");
        let mut bytes = match place {
            SecretPlace::Env(name) => std::env::var_os(name).map(OsStringExt::into_vec).ok_or_else(|| {
                let answer =
                    format!("{name} is not in the environment: give it to this command, as in `{name}=… sonae …`");
                Fault::permanent(Cause::NotFound, &action, answer)
            })?,
            SecretPlace::File(path) => {
                let (path, action) = (path.to_path(), action.clone());
                blocking("read a secret", move || of_file(&path, &action)).await?
            }
        };
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            bytes.pop_if(|last| *last == b'\r');
        }
        if bytes.is_empty() {
            return Err(Fault::permanent(Cause::Invalid, action, "it is empty"));
        }
        Ok(Revealed::new(bytes))
    }
}

/// What a file holds. A named pipe would hold up whoever reads it, and yields what it holds only once.
fn of_file(path: &Path, action: &str) -> Result<Vec<u8>, Fault> {
    let io = |error: std::io::Error| Fault::from_io(action, &error);
    let invalid = |answer: &str| Fault::permanent(Cause::Invalid, action, answer);
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(invalid("it is no regular file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(io)?.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(invalid("it holds more than 64 KiB, which no secret does"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::PathBytes;

    #[tokio::test]
    async fn a_file_is_read_without_its_last_newline_and_what_is_no_secret_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let place = SecretPlace::File(PathBytes::from_path(&path));
        for (content, expected) in [("a b\n", "a b"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("\na", "\na"), ("a\r", "a\r")]
        {
            std::fs::write(&path, content).unwrap();
            assert_eq!(HostSecrets.reveal(&place).await.unwrap().bytes(), expected.as_bytes());
        }
        for content in [vec![], b"\n".to_vec(), vec![b'x'; (64 << 10) + 1]] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(HostSecrets.reveal(&place).await.unwrap_err().cause, Cause::Invalid);
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(HostSecrets.reveal(&place).await.unwrap_err().cause, Cause::NotFound);
        std::fs::create_dir(&path).unwrap();
        assert_eq!(HostSecrets.reveal(&place).await.unwrap_err().cause, Cause::Invalid);
    }

    #[tokio::test]
    async fn a_variable_is_read_and_one_that_is_not_there_is_named() {
        let of = |name: &str| SecretPlace::Env(name.to_owned());
        let manifest = HostSecrets.reveal(&of("CARGO_MANIFEST_DIR")).await.unwrap();
        assert_eq!(manifest.bytes(), env!("CARGO_MANIFEST_DIR").as_bytes());
        assert_eq!(format!("{manifest:?}"), "(hidden)");
        let fault = HostSecrets.reveal(&of("SONAE_NO_SUCH_VARIABLE")).await.unwrap_err();
        assert_eq!(fault.cause, Cause::NotFound);
        assert!(fault.to_string().contains("SONAE_NO_SUCH_VARIABLE is not in the environment"), "{fault}");
    }
}
