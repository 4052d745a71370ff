/**
 * Two kernels that find the most probable tokens of a row of logits and choose one of them, on the device
 * (docs/decisions/0018-sampling-on-the-device.md).
 *
 * `scan`: the row is dealt to columns as cards are, so that neighbouring ids, which often rise together, fall into different ones.
 * One thread a column finds its largest logit and its sum of exponentials.
 *
 * `choose`: the `rank`-th largest of the columns' largest is a threshold that no token of the first `rank` is below, because that
 * many columns have one that is not. Only those columns are read again; what reaches the threshold is sorted, and a token is
 * chosen as core/sampling/candidates.ts does, in float32.
 *
 * Logits are compared as integers in the same order (`keyOf`), and ids break ties, so the order is exact and total.
 */

/** Tokens that `choose` hands out at most. */
export const mostCandidates = 256;
/** What can reach the threshold; about `rank` do. */
export const capacity = 512;
export const columns = 4096;
/** Bytes of a column's record: key, id, sum, whether it has odd logits. */
export const columnBytes = 16;
/** Words before the candidates: how many reached the threshold, odd logits, the sum, the chosen id. */
export const headWords = 4;
/** Ids fit into this many bits. */
export const idBits = 24;

/** Logits of a larger magnitude are odd, and NaN is; −∞ is not. Differences of others do not overflow. */
const oddFrom = '0x7149f2ca'; // 1e30

const shared = /* wgsl */ `
struct Column { key: u32, id: u32, sum: f32, odd: u32 }
struct Settings {
  vocabulary: u32,
  rank: u32,
  topK: u32, // 0: all
  topP: f32,
  perLogit: f32, // 1 / temperature
  lowest: f32, // differences of logits below it have no weight
  u: f32,
}
const columns = ${columns}u;
const minusInfinity = 0xff800000u;
@group(0) @binding(0) var<storage, read> logits: array<u32>;
@group(0) @binding(2) var<uniform> settings: Settings;

fn keyOf(bits: u32) -> u32 {
  let number = select(bits, 0u, bits == 0x80000000u); // -0 is 0
  return select(number | 0x80000000u, ~number, (number >> 31u) == 1u);
}
fn bitsOf(key: u32) -> u32 {
  return select(~key, key & 0x7fffffffu, (key >> 31u) == 1u);
}
fn weight(bits: u32, largest: f32) -> f32 {
  if (bits == minusInfinity) { return 0.0; }
  return exp(max(bitcast<f32>(bits) - largest, settings.lowest) * settings.perLogit);
}
`;

export const scanCode = /* wgsl */ `${shared}
@group(0) @binding(1) var<storage, read_write> found: array<Column>;

@compute @workgroup_size(64)
fn scan(@builtin(global_invocation_id) at: vec3u) {
  let column = at.x;
  var best = Column(0u, 0xffffffffu, 0.0, 0u);
  for (var id = column; id < settings.vocabulary; id += columns) {
    let bits = logits[id];
    if ((bits & 0x7fffffffu) > ${oddFrom}u && bits != minusInfinity) { best.odd = 1u; }
    let key = keyOf(bits);
    if (key > best.key) {
      best.key = key;
      best.id = id;
    }
  }
  let largest = bitsOf(best.key);
  if (best.key != 0u && best.odd == 0u && largest != minusInfinity) {
    for (var id = column; id < settings.vocabulary; id += columns) {
      best.sum += weight(logits[id], bitcast<f32>(largest));
    }
  }
  found[column] = best;
}
`;

export const chooseCode = /* wgsl */ `${shared}
struct Candidate { id: u32, logit: u32 }
struct Answer {
  reached: u32,
  odd: u32,
  sum: f32,
  chosen: u32,
  candidates: array<Candidate>,
}
@group(0) @binding(1) var<storage, read> found: array<Column>;
@group(0) @binding(3) var<storage, read_write> answer: Answer;
@group(0) @binding(4) var<storage, read_write> token: array<u32, 2>; // int64

const threads = 256u;
const capacity = ${capacity}u;
const digits = 7u; // of 8 bits: four of the key, three of the id

struct Entry { key: u32, order: u32 } // order: larger is a lower id
var<workgroup> histogram: array<atomic<u32>, 256>;
var<workgroup> prefix: Entry;
var<workgroup> wanted: u32;
var<workgroup> isWhole: u32;
var<workgroup> list: array<u32, ${mostCandidates}>;
var<workgroup> listed: atomic<u32>;
var<workgroup> reached: atomic<u32>;
var<workgroup> odd: atomic<u32>;
var<workgroup> entries: array<Entry, ${capacity}>;
var<workgroup> weights: array<f32, ${capacity}>;
var<workgroup> sums: array<f32, 256>;
var<workgroup> size: u32;

fn orderOf(id: u32) -> u32 { return ~id & 0xffffffu; }
fn isBefore(a: Entry, b: Entry) -> bool { return a.key > b.key || (a.key == b.key && a.order > b.order); }
fn digitOf(entry: Entry, round: u32) -> u32 {
  return select(entry.order >> (8u * (6u - round)), entry.key >> (8u * (3u - round)), round < 4u) & 255u;
}
/** Whether the digits before the round are those of the prefix. */
fn matches(entry: Entry, round: u32) -> bool {
  if (round == 0u) { return true; }
  if (round < 4u) { return (entry.key >> (8u * (4u - round))) == (prefix.key >> (8u * (4u - round))); }
  let shift = 8u * (7u - round);
  return entry.key == prefix.key && (entry.order >> shift) == (prefix.order >> shift);
}

@compute @workgroup_size(256)
fn choose(@builtin(local_invocation_index) thread: u32) {
  if (thread == 0u) {
    prefix = Entry(0u, 0u);
    wanted = settings.rank;
    isWhole = 0u;
  }
  // The threshold, digit by digit: which digit of the columns' entries has the wanted rank among those of the same prefix.
  for (var round = 0u; round < digits; round++) {
    atomicStore(&histogram[thread], 0u);
    workgroupBarrier();
    for (var column = thread; column < columns; column += threads) {
      let entry = Entry(found[column].key, orderOf(found[column].id));
      if (matches(entry, round)) { atomicAdd(&histogram[digitOf(entry, round)], 1u); }
    }
    workgroupBarrier();
    var above = 0u;
    for (var digit = thread + 1u; digit < 256u; digit++) { above += atomicLoad(&histogram[digit]); }
    let own = atomicLoad(&histogram[thread]);
    let rank = workgroupUniformLoad(&wanted);
    if (above < rank && rank <= above + own) {
      if (round < 4u) { prefix.key |= thread << (8u * (3u - round)); }
      else { prefix.order |= thread << (8u * (6u - round)); }
      wanted = rank - above;
      isWhole = select(0u, 1u, rank == above + own);
    }
    // All of them are wanted: the digits behind may stay 0.
    if (workgroupUniformLoad(&isWhole) == 1u) { break; }
  }
  let threshold = workgroupUniformLoad(&prefix);

  var sum = 0.0;
  for (var column = thread; column < columns; column += threads) {
    let record = found[column];
    let entry = Entry(record.key, orderOf(record.id));
    if (record.odd == 1u) { atomicOr(&odd, 1u); }
    if (record.key == 0u || isBefore(threshold, entry)) { continue; }
    let at = atomicAdd(&listed, 1u);
    if (at < ${mostCandidates}u) { list[at] = column; }
  }
  workgroupBarrier();
  if (thread == 0u) { size = min(atomicLoad(&listed), ${mostCandidates}u); }
  let columnsListed = workgroupUniformLoad(&size);
  let rows = (settings.vocabulary + columns - 1u) / columns;
  for (var item = thread; item < columnsListed * rows; item += threads) {
    let id = list[item % columnsListed] + (item / columnsListed) * columns;
    if (id < settings.vocabulary) {
      let entry = Entry(keyOf(logits[id]), orderOf(id));
      if (!isBefore(threshold, entry)) {
        let at = atomicAdd(&reached, 1u);
        if (at < capacity) { entries[at] = entry; }
      }
    }
  }
  workgroupBarrier();
  let count = min(atomicLoad(&reached), capacity);
  for (var at = thread; at < capacity; at += threads) {
    if (at >= count) { entries[at] = Entry(0u, 0u); }
  }
  if (thread == 0u) {
    size = 2u;
    while (size < count) { size *= 2u; }
  }
  // Bitonic sort, the first in rank first.
  let length = workgroupUniformLoad(&size);
  for (var run = 2u; run <= length; run *= 2u) {
    for (var step = run / 2u; step > 0u; step /= 2u) {
      let low = (thread / step) * 2u * step + thread % step;
      if (low + step < length) {
        let a = entries[low];
        let b = entries[low + step];
        if (isBefore(b, a) == ((low & run) == 0u)) {
          entries[low] = b;
          entries[low + step] = a;
        }
      }
      workgroupBarrier();
    }
  }

  let largest = bitcast<f32>(bitsOf(entries[0].key));
  for (var at = thread; at < capacity; at += threads) {
    weights[at] = select(0.0, weight(bitsOf(entries[at].key), largest), at < count);
    if (at < settings.rank) {
      let entry = entries[at];
      answer.candidates[at] = Candidate(orderOf(entry.order), bitsOf(entry.key));
    }
  }
  for (var column = thread; column < columns; column += threads) {
    let record = found[column];
    if (record.sum > 0.0) { sum += record.sum * weight(bitsOf(record.key), largest); }
  }
  sums[thread] = sum;
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { sums[thread] += sums[thread + half]; }
  }
  workgroupBarrier();
  if (thread > 0u) { return; }

  let known = min(count, settings.rank);
  var kept = known;
  var mass = sums[0];
  if (settings.topK > 0u) {
    kept = min(kept, settings.topK);
    var part = 0.0;
    for (var at = 0u; at < kept; at++) { part += weights[at]; }
    mass = min(mass, part + f32(settings.topK - kept) * weights[kept - 1u]);
  }
  if (settings.topP < 1.0) {
    let goal = settings.topP * mass;
    mass = goal;
    var part = 0.0;
    for (var at = 0u; at < kept; at++) {
      part += weights[at];
      if (part >= goal) {
        kept = at + 1u;
        mass = part;
      }
    }
  }
  var at = 0u;
  for (var part = weights[0]; at + 1u < kept && part <= settings.u * mass; part += weights[at]) { at++; }
  let chosen = orderOf(entries[at].order);
  token[0] = chosen;
  token[1] = 0u;
  answer.reached = atomicLoad(&reached);
  answer.odd = atomicLoad(&odd);
  answer.sum = sums[0];
  answer.chosen = chosen;
}
`;
