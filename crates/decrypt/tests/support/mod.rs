//! A server that answers JSON, a client for it, and files that are encrypted with a known data key.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]
#![allow(dead_code, reason = "each test uses a part")]

use std::{
    io::{BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
};

use aes_gcm::{
    AesGcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload, consts::U32},
    aes::Aes256,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rosin_decrypt::{Remote, RemoteError};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

pub(crate) const DATA_KEY: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
pub(crate) const RSA_KEY: &str = include_str!("../data/rsa.pem");
pub(crate) const CERTIFICATE_AND_KEY: &str = concat!(
    include_str!("../data/certificate.pem"),
    include_str!("../data/rsa.pem")
);

fn sealed(text: &str, place: &str) -> String {
    let cipher = AesGcm::<Aes256, U32>::new(&DATA_KEY.into());
    let iv = [7; 32];
    let payload = Payload {
        msg: text.as_bytes(),
        aad: place.as_bytes(),
    };
    let out = cipher.encrypt(Nonce::from_slice(&iv), payload).unwrap();
    let (data, tag) = out.split_at(out.len() - 16);
    let [data, iv, tag] = [data, &iv, tag].map(|part| STANDARD.encode(part));
    format!("ENC[AES256_GCM,data:{data},iv:{iv},tag:{tag},type:str]")
}

/// `{"a": "b"}`, with these keys.
pub(crate) fn encrypted(keys: &Value) -> String {
    let time = "2026-01-01T00:00:00Z";
    let mut sops = keys.clone();
    sops["lastmodified"] = time.into();
    sops["mac"] = sealed(&hex::encode_upper(Sha512::digest("b")), time).into();
    json!({ "a": sealed("b", "a:"), "sops": sops }).to_string()
}

pub(crate) struct Asked {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

pub(crate) struct Server {
    pub(crate) address: String,
}

impl Server {
    /// Serves until the test ends. A string is sent as it is, other values as JSON; a failed assertion becomes a 500.
    pub(crate) fn start(answer: impl Fn(&Asked) -> (u16, Value) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (line, headers, body) = read(&mut reader);
                let asked = Asked {
                    line,
                    headers,
                    body,
                };
                let result =
                    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| answer(&asked)));
                let (status, body) =
                    result.unwrap_or((500, json!({ "message": "the server's assertion failed" })));
                let body = body
                    .as_str()
                    .map_or_else(|| body.to_string(), str::to_owned);
                write!(
                    &stream,
                    "HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .unwrap();
            }
        });
        Self { address }
    }
}

fn read(reader: &mut impl std::io::BufRead) -> (String, Vec<(String, String)>, Vec<u8>) {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let first = lines.remove(0);
    let headers: Vec<(String, String)> = lines
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (first, headers, body)
}

struct Direct;

pub(crate) fn remote() -> Arc<dyn Remote> {
    Arc::new(Direct)
}

impl Remote for Direct {
    fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, RemoteError> {
        let uri = request.uri();
        let host = uri.authority().unwrap().to_string();
        let path = uri.path_and_query().unwrap();
        let mut stream =
            TcpStream::connect(&host).map_err(|error| RemoteError(error.to_string()))?;
        let mut head = format!(
            "{} {path} HTTP/1.1\r\nContent-Length: {}\r\n",
            request.method(),
            request.body().len()
        );
        for (name, value) in request.headers() {
            head += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
        stream.write_all((head + "\r\n").as_bytes()).unwrap();
        stream.write_all(request.body()).unwrap();
        let (line, _, body) = read(&mut BufReader::new(stream));
        let status: u16 = line.split(' ').nth(1).unwrap().parse().unwrap();
        Ok(http::Response::builder().status(status).body(body).unwrap())
    }

    fn now(&self) -> jiff::Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }
}

/// Checks a signed assertion with the public half of the test's key.
pub(crate) fn check_signature(assertion: &str) {
    use ring::signature::{
        KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey,
    };
    let der: String = RSA_KEY
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
        .verify(signed.as_bytes(), &signature)
        .unwrap();
}
