//! How fast: text of several sorts, JSON, plain identifiers. `cargo bench -p anonymizer`

use anonymizer::{Anonymizer, Json};
use criterion::{BatchSize, Criterion, Throughput};
use std::hint::black_box;

/// Code without a secret, with the words that make the engine look twice.
const CODE: &str = r#"
fn authenticate(request: &Request, keys: &KeyStore) -> Result<Session, Error> {
    let token = request.headers().get("authorization").ok_or(Error::Missing)?;
    let key = keys.find(token.key_id()).ok_or(Error::UnknownKey)?;
    // the password is checked by the caller
    Ok(Session::new(key.user(), Duration::from_secs(3600)))
}
"#;

fn speed(criterion: &mut Criterion) {
    let anonymizer = Anonymizer::new();
    let code = CODE.repeat(1 + (1 << 20) / CODE.len());
    let secrets = "password = \"hunter2-EXAMPLE\"\nmail jane@acme-widgets.com\n".repeat(1000);
    let document = Json::parse(
        format!(
            "[{}]",
            vec![r#"{"a":"plain text","password":"hunter2-EXAMPLE","n":12}"#; 100].join(",")
        )
        .as_bytes(),
        8,
    )
    .unwrap();

    let mut group = criterion.benchmark_group("text");
    for (name, text) in [("code", &code), ("secrets", &secrets)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(anonymizer.text(black_box(text))))
        });
    }
    group.throughput(Throughput::Bytes(2048));
    group.bench_function("2 KiB", |bencher| {
        bencher.iter(|| black_box(anonymizer.text(black_box(&code[..2048]))))
    });
    group.finish();

    criterion.bench_function("json", |bencher| {
        bencher.iter_batched(
            || document.clone(),
            |mut document| black_box(anonymizer.json(&mut document)),
            BatchSize::SmallInput,
        );
    });
    criterion.bench_function("holds_secret", |bencher| {
        bencher.iter(|| black_box(anonymizer.holds_secret(black_box("acme/web"))))
    });
    criterion.bench_function("build", |bencher| {
        bencher.iter(|| black_box(Anonymizer::new()))
    });
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    speed(&mut criterion);
    criterion.final_summary();
}
