//! The cost of the plain parts of the hot paths, each alone: `cargo bench -p parts --bench parts`.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use wsprobe::testing::parts::{self, DeflateBench, RenderBench};

const SMALL: &str = "{\"id\":12345,\"text\":\"thirty-two\"}";

fn frames(c: &mut Criterion) {
    let frame = [&[0x81, SMALL.len() as u8][..], SMALL.as_bytes()].concat();
    let tape = frame.repeat(1000);
    let mut group = c.benchmark_group("frames");
    group.throughput(Throughput::Elements(1000));
    group.bench_function("headers of 1,000 small frames", |b| b.iter(|| parts::count_frames(black_box(&tape))));
    for size in [32, 1 << 20] {
        let mut payload = vec![0; size];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(format!("mask {size} bytes"), |b| {
            b.iter(|| parts::mask(black_box(&mut payload), [0x12, 0x34, 0x56, 0x78]));
        });
    }
}

fn deflate(c: &mut Criterion) {
    let mut group = c.benchmark_group("deflate");
    for size in [SMALL.len(), 16 << 10] {
        let message = SMALL.repeat(size / SMALL.len());
        let mut deflater = DeflateBench::default();
        group.throughput(Throughput::Bytes(message.len() as u64));
        group.bench_function(format!("{size} bytes of JSON"), |b| {
            b.iter(|| deflater.message(black_box(message.as_bytes())));
        });
    }
}

fn stdin(c: &mut Criterion) {
    let lines = format!("{SMALL}\n").repeat(1000);
    let mut group = c.benchmark_group("stdin");
    group.throughput(Throughput::Elements(1000));
    group.bench_function("1,000 small lines", |b| b.iter(|| parts::cut_lines(black_box(lines.as_bytes()))));
}

fn render(c: &mut Criterion) {
    let mut group = c.benchmark_group("render");
    group.throughput(Throughput::Elements(1));
    for (name, as_records) in [("a line", false), ("a record", true)] {
        group.bench_function(name, |b| {
            b.iter_batched_ref(|| RenderBench::new(SMALL, as_records), RenderBench::render, BatchSize::LargeInput);
        });
    }
}

fn escape(c: &mut Criterion) {
    let mut group = c.benchmark_group("escape");
    for (name, text) in [("harmless", SMALL.repeat(32)), ("hostile", "\u{1b}[2Jtext".repeat(128))] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| parts::escape(black_box(&text))));
    }
}

criterion_group!(benches, frames, deflate, stdin, render, escape);
criterion_main!(benches);
