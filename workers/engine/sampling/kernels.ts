/**
 * Three kernels that find the most probable tokens of a row of logits and choose one of them, on the device
 * (docs/decisions/0018-sampling-on-the-device.md).
 *
 * `scan`: the row is dealt to columns as cards are, so that neighbouring ids, which often rise together, fall into different ones.
 * One thread a column finds its largest logit and its sum of exponentials.
 *
 * `gather`: the `rank`-th largest of the columns' largest is a threshold that no token of the first `rank` is below, because that
 * many columns have one that is not. Only those columns are read again, and what reaches the threshold is kept.
 *
 * `draw` sorts that, and chooses a token as core/sampling/candidates.ts does, in float32.
 *
 * Logits are compared as integers in the same order (`keyOf`), and ids break ties, so the order is exact and total.
 */

/** Tokens that `draw` hands out at most. */
export const mostCandidates = 256;
/** What can reach the threshold; about `rank` do. */
export const capacity = 512;
export const columns = 4096;
/** Bytes of a column's record: key, id, sum, whether it has odd logits. */
export const columnBytes = 16;
/** Words of `gather`'s result: how many reached the threshold, odd logits, and two for each. */
export const entriesWords = 2 + 2 * capacity;
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
struct Entry { key: u32, order: u32 } // order: larger is a lower id
struct Entries { reached: u32, odd: u32, entries: array<Entry, ${capacity}> }
const columns = ${columns}u;
const capacity = ${capacity}u;
const threads = 256u;
const minusInfinity = 0xff800000u;
@group(0) @binding(0) var<uniform> settings: Settings;

fn keyOf(bits: u32) -> u32 {
  let number = select(bits, 0u, bits == 0x80000000u); // -0 is 0
  return select(number | 0x80000000u, ~number, (number >> 31u) == 1u);
}
fn bitsOf(key: u32) -> u32 {
  return select(~key, key & 0x7fffffffu, (key >> 31u) == 1u);
}
fn orderOf(id: u32) -> u32 { return ~id & 0xffffffu; }
fn isBefore(a: Entry, b: Entry) -> bool { return a.key > b.key || (a.key == b.key && a.order > b.order); }
fn weight(bits: u32, largest: f32) -> f32 {
  if (bits == minusInfinity) { return 0.0; }
  return exp(max(bitcast<f32>(bits) - largest, settings.lowest) * settings.perLogit);
}
`;

export const scanCode = /* wgsl */ `${shared}
@group(0) @binding(1) var<storage, read> logits: array<u32>;
@group(0) @binding(2) var<storage, read_write> found: array<Column>;

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

export const gatherCode = /* wgsl */ `${shared}
@group(0) @binding(1) var<storage, read> logits: array<u32>;
@group(0) @binding(2) var<storage, read> found: array<Column>;
@group(0) @binding(3) var<storage, read_write> kept: Entries;

var<workgroup> histogram: array<atomic<u32>, threads>;
var<workgroup> prefix: Entry;
var<workgroup> wanted: u32;
var<workgroup> isWhole: u32;
var<workgroup> list: array<u32, ${mostCandidates}>;
var<workgroup> listed: atomic<u32>;
var<workgroup> reached: atomic<u32>;
var<workgroup> odd: atomic<u32>;

/** Digits of 8 bits, four of the key and three of the order. */
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

@compute @workgroup_size(threads)
fn gather(@builtin(local_invocation_index) thread: u32) {
  if (thread == 0u) {
    prefix = Entry(0u, 0u);
    wanted = settings.rank;
    isWhole = 0u;
  }
  // The threshold, digit by digit: which digit of the columns' entries has the wanted rank among those of the same prefix.
  for (var round = 0u; round < 7u; round++) {
    atomicStore(&histogram[thread], 0u);
    workgroupBarrier();
    for (var column = thread; column < columns; column += threads) {
      let entry = Entry(found[column].key, orderOf(found[column].id));
      if (matches(entry, round)) { atomicAdd(&histogram[digitOf(entry, round)], 1u); }
    }
    workgroupBarrier();
    var above = 0u;
    for (var digit = thread + 1u; digit < threads; digit++) { above += atomicLoad(&histogram[digit]); }
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
  for (var column = thread; column < columns; column += threads) {
    let record = found[column];
    if (record.odd == 1u) { atomicOr(&odd, 1u); }
    if (record.key != 0u && !isBefore(threshold, Entry(record.key, orderOf(record.id)))) {
      let at = atomicAdd(&listed, 1u);
      if (at < ${mostCandidates}u) { list[at] = column; }
    }
  }
  workgroupBarrier();
  let listedColumns = min(atomicLoad(&listed), ${mostCandidates}u);
  let rows = (settings.vocabulary + columns - 1u) / columns;
  for (var item = thread; item < listedColumns * rows; item += threads) {
    let id = list[item % listedColumns] + (item / listedColumns) * columns;
    if (id < settings.vocabulary) {
      let entry = Entry(keyOf(logits[id]), orderOf(id));
      if (!isBefore(threshold, entry)) {
        let at = atomicAdd(&reached, 1u);
        if (at < capacity) { kept.entries[at] = entry; }
      }
    }
  }
  workgroupBarrier();
  if (thread == 0u) {
    kept.reached = atomicLoad(&reached);
    kept.odd = atomicLoad(&odd);
  }
}
`;

export const drawCode = /* wgsl */ `${shared}
struct Candidate { id: u32, logit: u32 }
struct Answer {
  reached: u32,
  odd: u32,
  sum: f32,
  chosen: u32,
  candidates: array<Candidate>,
}
@group(0) @binding(1) var<storage, read> found: array<Column>;
@group(0) @binding(2) var<storage, read> kept: Entries;
@group(0) @binding(3) var<storage, read_write> answer: Answer;
@group(0) @binding(4) var<storage, read_write> token: array<u32, 2>; // int64

var<workgroup> ranked: array<Entry, threads>;
var<workgroup> sums: array<f32, threads>;
var<workgroup> cut: atomic<u32>;
var<workgroup> chosen: atomic<u32>;

@compute @workgroup_size(threads)
fn draw(@builtin(local_invocation_index) thread: u32) {
  // The place of an entry is the number of those before it.
  let count = min(kept.reached, capacity);
  for (var at = thread; at < count; at += threads) {
    let entry = kept.entries[at];
    var place = 0u;
    for (var other = 0u; other < count; other++) { place += u32(isBefore(kept.entries[other], entry)); }
    if (place < settings.rank) {
      ranked[place] = entry;
      answer.candidates[place] = Candidate(orderOf(entry.order), bitsOf(entry.key));
    }
  }
  workgroupBarrier();
  let largest = bitcast<f32>(bitsOf(ranked[0].key));
  var sum = 0.0;
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
  let total = sums[0];
  workgroupBarrier();

  // From here on sums[i] is that of the first i + 1 candidates.
  let known = min(count, settings.rank);
  let own = select(0.0, weight(bitsOf(ranked[thread].key), largest), thread < known);
  sums[thread] = own;
  for (var step = 1u; step < threads; step *= 2u) {
    workgroupBarrier();
    var before = 0.0;
    if (thread >= step) { before = sums[thread - step]; }
    workgroupBarrier();
    sums[thread] += before;
  }
  if (thread == 0u) {
    atomicStore(&cut, known);
    atomicStore(&chosen, known - 1u);
  }
  workgroupBarrier();
  var most = known;
  var mass = total;
  if (settings.topK > 0u) {
    most = min(known, settings.topK);
    let lightest = weight(bitsOf(ranked[most - 1u].key), largest);
    mass = min(total, sums[most - 1u] + f32(settings.topK - most) * lightest);
  }
  let goal = select(mass, settings.topP * mass, settings.topP < 1.0);
  if (thread < most && sums[thread] >= goal) { atomicMin(&cut, thread); }
  workgroupBarrier();
  let last = min(atomicLoad(&cut), most - 1u);
  let point = settings.u * select(goal, sums[last], sums[last] >= goal && settings.topP < 1.0);
  if (thread <= last && sums[thread] > point) { atomicMin(&chosen, thread); }
  workgroupBarrier();
  if (thread == 0u) {
    let id = orderOf(ranked[min(atomicLoad(&chosen), last)].order);
    token[0] = id;
    token[1] = 0u;
    answer.reached = kept.reached;
    answer.odd = kept.odd;
    answer.sum = total;
    answer.chosen = id;
  }
}
`;
