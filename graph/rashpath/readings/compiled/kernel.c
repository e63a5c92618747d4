// Decides a case: works out every truth by Kleene's tables, and makes exact what stays unknown.
//
// Runs as WebAssembly: it has one memory of its own, and cannot reach beyond it. It knows no
// guideline: all it goes by is an image that `image.py` writes, which also names the sections. What
// it says must equal the plain walk; what it cannot do exactly it leaves to it (LEFT).
//
// Truths are bytes: 0 false, 1 unknown, 3 true, so that AND is & and OR is |. A number that is not
// known or does not exist is NaN. Sets of facts and of levels are bits in words of 64.
//
// The exact reading is that of rashpath.expression.decision_diagram: what known levels leave of a
// diagram is a number, equal where the truth is equal in every completion; 0 is false, 1 true.

typedef unsigned char u8;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;

enum { FALSE = 0, UNKNOWN = 1, TRUE = 3 };
enum { DONE = 0, LEFT = 1 };
enum { PAGE = 65536 };
#define NONE 0xffffffffu
#define EXPORTED(type, name) __attribute__((export_name(#name))) type name

// What the image begins with. Sections are named by their offsets from the image's beginning.
typedef struct {
  u32 size;               // bytes of the image
  u32 facts, fact_words;  // facts, and words of a set of them
  u32 truths, numbers, masks;  // slots
  u32 steps, step;        // u32 count; Step[]
  u32 pool;               // u32[]: operands of the steps that have many
  u32 table;              // u8[]: truths of choices
  u32 start_number;       // f64[numbers]: constants, NaN elsewhere
  u32 told_truths, told_truth;    // u32 count; u32[]: slots of the truths to tell
  u32 told_numbers, told_number;  // the same for numbers
  u32 conclusions;        // the first so many truths told are those of recommendations
  u32 asking;             // what decides the first so many is asked for
  u32 decisive;           // the first so many are made exact, and what decides them is told
  u32 path;               // so many after these are made exact
  u32 diagram;            // u32[decisive + path]: their diagrams
  u32 doses, dose;        // Dose[]
  u32 levels, level;      // Level[]
  u32 words;              // words of a set of levels
  u32 nodes, parts;       // diagrams; what is left with nothing known: all that there is at the start
  u32 part_level, part_first, part_next, part_support;  // by part: u32, u32, u32[] and u64[words]
  u32 bare;               // u32[nodes]: what is left of each diagram with nothing known
  u32 widest;             // most branches of a level
  u32 groups, group, field;  // of the case message: u32 count, 64 at most; Group[]; Field[]
} Image;

typedef struct { u32 op, count, to, a, b; } Step;

enum {
  AND, OR, NOT, LESS, AT_MOST, EQUAL, NOT_EQUAL, AT_LEAST, MORE, TABLE, HAS_NUMBER, HAS_CHOICE,
  CHOOSE, ADD, SUBTRACT, MULTIPLY, DIVIDE, CHOOSE_NUMBER, COMPUTED, MISSING, UNION, IF_UNKNOWN,
  FACT_IF_UNKNOWN, CHOOSE_MASK
};

enum { CHOICE, NUMBER, WORKED_OUT, GIVEN };

// `by_value`: of a choice the branch of each value; of a number the region of each slot, as
// rashpath.expression.partition counts them. -1: none.
typedef struct {
  u32 kind, slot, bit, values, threshold, by_value, waits, defeating;
} Level;

// Of a regimen with a dose table, by what is told: its recommendation, `count` parts of its gate from
// `first` on, `rows` of its table from `row` on; the slot of the weight, when it may be shown, and what its rows wait for.
typedef struct { u32 truth, weight, diagram, first, count, rows, row, waits; } Dose;

static u8 *base;         // the image
static Image *im;
static u8 *truth, *told;
static double *number, *told_numbers, *told_case;
static u64 *mask, *told_sets, *known, *absent, *free_bits;
static i32 *region, *open_region;
// By diagram the case that it was read for, and what is left of it; or what values it can have.
static u64 *reduced, *open_reduced, *reachable;
static u32 *part_level, *part_first, *part_next, *node_level, *stack, *fixed, *fresh, *held;
static u64 *support;
static u8 *taken;        // the first byte that nothing has
static u32 parts, next, stacked, fixed_size, fresh_size, holds, turn;
static u32 work;         // roughly how much was looked at: diagrams, and what is asked for

#define AT(type, section) ((type *)(base + im->section))

static void *place(u8 **end, u32 bytes) {
  u8 *found = *end;
  *end += (bytes + 15) & ~15u;
  return found;
}

static u32 power_above(u32 least) {
  u32 size = 64;
  while (size < least) size *= 2;
  return size;
}

// Returns where an image of so many bytes is to be written; 0: no memory.
extern u8 __heap_base;
EXPORTED(u32, room)(u32 bytes) {
  u32 start = ((u32)&__heap_base + 15) & ~15u, have = __builtin_wasm_memory_size(0);
  u32 need = (start + bytes + PAGE - 1) / PAGE;
  if (need > have && __builtin_wasm_memory_grow(0, need - have) == -1u) return 0;
  base = (u8 *)start;
  im = (Image *)base;
  return start;
}

static u32 mixed(u32 level, const u32 *kids, u32 count) {
  u32 hash = level * 0x9e3779b1u;
  for (u32 i = 0; i < count; i++) hash = (hash ^ kids[i]) * 0x85ebca6bu, hash ^= hash >> 15;
  return hash;
}

static u32 width(u32 part) { return part_first[part + 1] - part_first[part]; }

static int same(u32 part, u32 level, const u32 *kids, u32 count) {
  if (part_level[part] != level || width(part) != count) return 0;
  const u32 *its = part_next + part_first[part];
  for (u32 i = 0; i < count; i++) if (its[i] != kids[i]) return 0;
  return 1;
}

static void add(u32 *table, u32 size, u32 part) {
  u32 i = mixed(part_level[part], part_next + part_first[part], width(part)) & (size - 1);
  while (table[i]) i = (i + 1) & (size - 1);
  table[i] = part;
}

static u32 found(const u32 *table, u32 size, u32 hash, u32 level, const u32 *kids, u32 count) {
  for (u32 i = hash & (size - 1); table[i]; i = (i + 1) & (size - 1))
    if (same(table[i], level, kids, count)) return table[i];
  return 0;
}

// Makes ready for cases after an image was written. Returns where `double[facts]` is to be written
// before a case; 0: no memory.
EXPORTED(u32, load)(void) {
  u8 *end = base + im->size;
  u32 most = im->parts + 2 * im->nodes + 2;   // each diagram leaves one more part, in two readings
  u32 kids = AT(u32, part_first)[im->parts] + 2 * AT(u32, part_first)[im->nodes] + 1;
  fixed_size = power_above(2 * im->parts);
  u32 largest = power_above(4 * im->nodes + 4);
  u32 sets = im->decisive + im->conclusions + im->doses + 1;
  u64 bytes = 4096 + im->truths + im->told_truths + im->doses + 8ull * im->numbers
    + 8ull * (im->told_numbers + im->facts) + 8ull * im->fact_words * (im->masks + sets + 1ull)
    + 8ull * im->words * (2 + (u64)most) + 8ull * im->levels + 24ull * im->nodes
    + 4ull * (3ull * most + 1 + kids + (u64)im->widest * (im->levels + 2) * 2)
    + 4ull * fixed_size + 8ull * largest;
  if (bytes > 0x70000000u || !room(im->size + (u32)bytes)) return 0;
  number = place(&end, 8 * im->numbers);
  truth = place(&end, im->truths);
  told_sets = place(&end, 8 * (im->fact_words * sets + im->told_numbers + im->facts)
    + im->told_truths + im->doses);
  told_numbers = (double *)(told_sets + im->fact_words * sets);
  told_case = told_numbers + im->told_numbers;
  told = (u8 *)(told_case + im->facts);
  mask = place(&end, 8 * im->fact_words * im->masks);
  absent = place(&end, 8 * im->fact_words);
  known = place(&end, 8 * im->words);
  free_bits = place(&end, 8 * im->words);
  region = place(&end, 4 * im->levels);
  open_region = place(&end, 4 * im->levels);
  reduced = place(&end, 8 * im->nodes);
  open_reduced = place(&end, 8 * im->nodes);
  reachable = place(&end, 8 * im->nodes);
  node_level = AT(u32, part_level);
  part_level = place(&end, 4 * most);
  part_first = place(&end, 4 * (most + 1));
  part_next = place(&end, 4 * kids);
  support = place(&end, 8 * im->words * most);
  stack = place(&end, 4 * im->widest * (im->levels + 2) * 2);
  fixed = place(&end, 4 * fixed_size);
  fresh = place(&end, 4 * largest);
  held = place(&end, 4 * most);
  __builtin_memcpy(number, AT(double, start_number), 8 * im->numbers);
  __builtin_memcpy(part_level, AT(u32, part_level), 4 * im->parts);
  __builtin_memcpy(part_first, AT(u32, part_first), 4 * (im->parts + 1));
  __builtin_memcpy(part_next, AT(u32, part_next), 4 * part_first[im->parts]);
  __builtin_memcpy(support, AT(u64, part_support), 8 * im->words * im->parts);
  for (u32 part = 2; part < im->parts; part++) add(fixed, fixed_size, part);
  fresh_size = 64;
  turn = 0;
  holds = 0;
  taken = end;
  return (u32)number;
}

// Where it is told what became of a case, in this order: the facts to ask for; of the first `decisive`
// truths those that decide them; of each dose those that it waits for; of the recommendations those
// that could withdraw them; `told_number`; the values of the case; `told_truth`; of each dose whether
// it can ever be shown.
EXPORTED(u32, telling)(void) { return (u32)told_sets; }

// ---- Kleene's tables

// Rounds half to even to 9 decimals, as Python's round does: exactly, in whole numbers.
static int rounded(double value, double *to) {
  u64 bits;
  __builtin_memcpy(&bits, &value, 8);
  i32 exponent = (i32)(bits >> 52 & 0x7ff);
  u64 digits = bits & 0xfffffffffffffull;
  if (exponent) digits |= 1ull << 52; else exponent = 1;
  i32 shift = 1075 - exponent;           // value = digits / 2 ** shift
  if (shift <= 0) { *to = value; return 1; }
  unsigned __int128 scaled = (unsigned __int128)digits * 1000000000u, whole = 0;
  if (shift < 128) {
    whole = scaled >> shift;
    unsigned __int128 rest = scaled - (whole << shift);
    unsigned __int128 half = (unsigned __int128)1 << (shift - 1);
    if (rest > half || (rest == half && (whole & 1))) whole++;
  }
  if (whole >> 53) return 0;             // beyond what a double counts
  *to = __builtin_copysign((double)(u64)whole / 1e9, value);
  return 1;
}

static u64 *set(u32 slot) { return mask + slot * im->fact_words; }

static void unite(u64 *to, const u64 *from, u32 words) {
  for (u32 i = 0; i < words; i++) to[i] |= from[i];
}

static void clear(u64 *to, u32 words) {
  for (u32 i = 0; i < words; i++) to[i] = 0;
}

static int meet(const u64 *one, const u64 *other, u32 words) {
  for (u32 i = 0; i < words; i++) if (one[i] & other[i]) return 1;
  return 0;
}

static int combined(const Step *step) {
  double a = number[step->a], b = number[step->b], c;
  if (a != a || b != b) { number[step->to] = __builtin_nan(""); return 1; }
  switch (step->op) {
    case ADD: c = a + b; break;
    case SUBTRACT: c = a - b; break;
    case MULTIPLY: c = a * b; break;
    default: if (b == 0) return 0; c = a / b;
  }
  // Whole numbers are exact as long as a double counts them (2 ** 53 may stand for 2 ** 53 + 1);
  // nothing here is beyond measure.
  if (!(__builtin_fabs(c) <= (step->count ? 0x1p53 - 1 : 0x1p1000))) return 0;
  number[step->to] = c;
  return 1;
}

static u8 compared(u32 op, double a, double b) {
  if (a != a) return UNKNOWN;
  switch (op) {
    case LESS: return a < b ? TRUE : FALSE;
    case AT_MOST: return a <= b ? TRUE : FALSE;
    case EQUAL: return a == b ? TRUE : FALSE;
    case NOT_EQUAL: return a != b ? TRUE : FALSE;
    case AT_LEAST: return a >= b ? TRUE : FALSE;
    default: return a > b ? TRUE : FALSE;
  }
}

static int stepped(const Step *step, const u32 *pool) {
  const u32 *many = pool + step->a, words = im->fact_words;
  u8 found;
  switch (step->op) {
    case AND:
      found = truth[many[0]];
      for (u32 i = 1; i < step->count; i++) found &= truth[many[i]];
      truth[step->to] = found;
      return 1;
    case OR:
      found = truth[many[0]];
      for (u32 i = 1; i < step->count; i++) found |= truth[many[i]];
      truth[step->to] = found;
      return 1;
    case NOT:
      found = truth[step->a];
      truth[step->to] = found == UNKNOWN ? UNKNOWN : found ^ TRUE;
      return 1;
    case LESS: case AT_MOST: case EQUAL: case NOT_EQUAL: case AT_LEAST: case MORE:
      truth[step->to] = compared(step->op, number[step->a], number[step->b]);
      return 1;
    case TABLE: {
      double value = number[step->a];
      if (!(value >= 0 && value < step->count)) return 0;
      truth[step->to] = AT(u8, table)[step->b + (u32)value];
      return 1;
    }
    case HAS_NUMBER:
      truth[step->to] = number[step->a] == number[step->a] ? TRUE : FALSE;
      return 1;
    case HAS_CHOICE:
      truth[step->to] = number[step->a] != 0 ? TRUE : FALSE;
      return 1;
    case CHOOSE: {
      u8 test = truth[many[0]], then = truth[many[1]], otherwise = truth[many[2]];
      truth[step->to] = test == TRUE ? then : test == FALSE ? otherwise
        : then == otherwise ? then : UNKNOWN;
      return 1;
    }
    case ADD: case SUBTRACT: case MULTIPLY: case DIVIDE:
      return combined(step);
    case CHOOSE_NUMBER: {
      u8 test = truth[many[0]];
      double then = number[many[1]], otherwise = number[many[2]];
      number[step->to] = test == TRUE ? then : test == FALSE ? otherwise
        : then == otherwise ? then : __builtin_nan("");
      return 1;
    }
    case COMPUTED: {
      double raw = number[step->a];
      number[step->to] = __builtin_nan("");
      if (raw != raw || truth[step->b] == FALSE) return 1;
      return rounded(raw, number + step->to);
    }
    case MISSING:
      clear(set(step->to), words);
      if (number[step->a] != number[step->a]) set(step->to)[step->b / 64] = 1ull << step->b % 64;
      return 1;
    case UNION:
      clear(set(step->to), words);
      for (u32 i = 0; i < step->count; i++) unite(set(step->to), set(many[i]), words);
      return 1;
    case IF_UNKNOWN:
      clear(set(step->to), words);
      if (truth[step->b] == UNKNOWN) unite(set(step->to), set(step->a), words);
      return 1;
    case FACT_IF_UNKNOWN:
      clear(set(step->to), words);
      if (truth[step->b] == UNKNOWN) set(step->to)[step->a / 64] = 1ull << step->a % 64;
      return 1;
    case CHOOSE_MASK: {
      double value = number[many[0]];
      u8 test = truth[many[1]];
      clear(set(step->to), words);
      if (value == value) return 1;
      if (test != FALSE) unite(set(step->to), set(many[2]), words);
      if (test != TRUE) unite(set(step->to), set(many[3]), words);
      if (test == UNKNOWN) unite(set(step->to), set(many[4]), words);
      return 1;
    }
  }
  return 0;
}

// ---- What the known levels leave of the diagrams

static i32 region_of(const Level *level, double value) {
  const double *threshold = (double *)(base + level->threshold);
  u32 slot = 0;
  while (slot < level->values && threshold[slot] < value) slot++;
  int on = slot < level->values && threshold[slot] == value;
  return ((i32 *)(base + level->by_value))[2 * slot + on];
}

static void mark(u64 *bits, u32 bit) { bits[bit / 64] |= 1ull << bit % 64; }

// Finds the branch of each level that is known (-1: none), and which are known by what is given.
static int levelled(void) {
  const Level *levels = AT(Level, level);
  clear(known, im->words);
  for (u32 i = 0; i < im->levels; i++) {
    const Level *level = levels + i;
    double value = number[level->slot];
    i32 its = -1;
    switch (level->kind) {
      case CHOICE:
        if (value == 0) break;
        if (!(value > 0 && value < level->values)) return 0;
        its = ((i32 *)(base + level->by_value))[(u32)value];
        if (its < 0) return 0;
        break;
      case NUMBER: case WORKED_OUT:
        if (value != value) break;
        its = region_of(level, value);
        if (its < 0) return 0;
        break;
      default:
        // `values` tells whether the fact is a choice.
        its = level->values ? value != 0 : value == value;
    }
    region[i] = its;
    if (level->kind == GIVEN ? its == 1 : its >= 0) mark(known, level->bit);
  }
  return 1;
}

static void begin(void) {
  turn++;
  if (!turn) {   // the count began anew: nothing of an older turn may look current
    for (u32 i = 0; i < im->nodes; i++) reduced[i] = open_reduced[i] = reachable[i] = 0;
    turn = 1;
  }
  for (u32 i = 0; i < holds; i++) fresh[held[i]] = 0;
  holds = 0;
  parts = im->parts;
  next = part_first[parts];
  stacked = 0;
}

static void grow(void) {
  for (u32 i = 0; i < holds; i++) fresh[held[i]] = 0;
  fresh_size *= 2;
  holds = 0;
  for (u32 part = im->parts; part < parts; part++) {
    u32 i = mixed(part_level[part], part_next + part_first[part], width(part)) & (fresh_size - 1);
    while (fresh[i]) i = (i + 1) & (fresh_size - 1);
    fresh[i] = part;
    held[holds++] = i;
  }
}

// Returns the part that goes on as `kids` by the branch of a level, which are not all the same.
static u32 part_of(u32 level, const u32 *kids, u32 count) {
  u32 hash = mixed(level, kids, count), part = 0, is_new = 0;
  for (u32 i = 0; i < count; i++) is_new |= kids[i] >= im->parts;
  if (!is_new) part = found(fixed, fixed_size, hash, level, kids, count);
  if (part) return part;
  u32 i = hash & (fresh_size - 1);
  for (; fresh[i]; i = (i + 1) & (fresh_size - 1))
    if (same(fresh[i], level, kids, count)) return fresh[i];
  part = parts++;
  fresh[i] = part;
  held[holds++] = i;
  part_level[part] = level;
  u64 *its = support + part * im->words;
  clear(its, im->words);
  mark(its, AT(Level, level)[level].bit);
  for (u32 k = 0; k < count; k++) {
    part_next[next++] = kids[k];
    unite(its, support + kids[k] * im->words, im->words);
  }
  part_first[parts] = next;
  if (2 * holds > fresh_size) grow();
  return part;
}

static u32 values_of(u32 left) { return left > 1 ? 3 : 1u << left; }

// Returns what is left of a diagram; `open`: with the levels open that a fact's presence can turn.
static u32 reduce(u32 diagram, int open) {
  u64 *done = open ? open_reduced : reduced;
  const i32 *regions = open ? open_region : region;
  u32 asked = diagram, left;
  work++;
  while (1) {
    if (diagram < 2) { left = diagram; break; }
    if (done[diagram] >> 32 == turn) { left = (u32)done[diagram]; break; }
    u32 level = node_level[diagram], count = width(diagram);
    const u32 *branches = part_next + part_first[diagram];
    if (regions[level] >= 0) { diagram = branches[regions[level]]; continue; }
    const u64 *reads = support + diagram * im->words;
    if (!meet(reads, known, im->words)) {
      left = open ? diagram : AT(u32, bare)[diagram];
    } else if (open && !meet(reads, free_bits, im->words)) {
      left = reduce(diagram, 0);
    } else {
      u32 *kids = stack + stacked, alike = 1;
      stacked += count;
      for (u32 i = 0; i < count; i++) {
        u32 kid = reduce(branches[i], open);
        kids[i] = kid;
        alike &= kid == kids[0];
      }
      left = alike ? kids[0] : part_of(level, kids, count);
      stacked -= count;
    }
    done[diagram] = (u64)turn << 32 | left;
    break;
  }
  done[asked] = (u64)turn << 32 | left;
  return left;
}

// Returns what values a diagram can still have: bit 0 false, bit 1 true. Looks no further than to a
// way to each of them.
static u32 possible(u32 diagram) {
  u32 asked = diagram, found;
  work++;
  while (1) {
    if (diagram < 2) { found = 1u << diagram; break; }
    if (reachable[diagram] >> 32 == turn) { found = (u32)reachable[diagram]; break; }
    if (reduced[diagram] >> 32 == turn) { found = values_of((u32)reduced[diagram]); break; }
    u32 level = node_level[diagram], count = width(diagram);
    const u32 *branches = part_next + part_first[diagram];
    if (region[level] >= 0) { diagram = branches[region[level]]; continue; }
    if (!meet(support + diagram * im->words, known, im->words)) {
      found = values_of(AT(u32, bare)[diagram]);
    } else {
      found = 0;
      for (u32 i = 0; i < count && found != 3; i++) found |= possible(branches[i]);
    }
    reachable[diagram] = (u64)turn << 32 | found;
    break;
  }
  if (asked > 1) reachable[asked] = (u64)turn << 32 | found;
  return found;
}

// Returns the exact truth of a diagram.
static u8 exact_truth(u32 diagram) {
  u32 values = possible(diagram);
  return values == 3 ? UNKNOWN : values == 2 ? TRUE : FALSE;
}

static u8 truth_of(u32 left) { return left > 1 ? UNKNOWN : left ? TRUE : FALSE; }

// Returns the exact truth of a diagram, and writes the facts that still matter to it.
static u8 exact(u32 diagram, u64 *facts) {
  u32 left = reduce(diagram, 0), words = im->fact_words;
  clear(facts, words);
  if (left < 2) return truth_of(left);
  const u64 *its = support + left * im->words;
  unite(facts, its, words);
  if (im->facts % 64) facts[words - 1] &= (1ull << im->facts % 64) - 1;
  const Level *levels = AT(Level, level);
  for (u32 i = 0; i < im->levels; i++)
    if (levels[i].kind == WORKED_OUT && its[levels[i].bit / 64] >> levels[i].bit % 64 & 1)
      unite(facts, set(levels[i].waits), words);
  return UNKNOWN;
}

// Writes for each recommendation that is not ruled out the facts not given that could withdraw it.
static void defeat(u64 *to) {
  const Level *levels = AT(Level, level);
  u32 words = im->fact_words, any = 0;
  clear(to, words * im->conclusions);
  clear(free_bits, im->words);
  for (u32 i = 0; i < im->levels; i++) {
    const u64 *can = (u64 *)(base + levels[i].defeating);
    open_region[i] = region[i];
    if (!levels[i].defeating || !meet(can, absent, words)) continue;
    open_region[i] = -1;
    mark(free_bits, levels[i].bit);
    any = 1;
  }
  if (!any) return;
  for (u32 i = 0; i < im->conclusions; i++) {
    u32 diagram = AT(u32, diagram)[i];
    if (told[i] == FALSE || !meet(support + diagram * im->words, free_bits, im->words)) continue;
    u32 left = reduce(diagram, 1);
    if (left < 2) continue;
    const u64 *its = support + left * im->words;
    for (u32 k = 0; k < im->levels; k++) {
      u32 bit = levels[k].bit;
      if (!(its[bit / 64] & free_bits[bit / 64] & 1ull << bit % 64)) continue;
      const u64 *can = (u64 *)(base + levels[k].defeating);
      for (u32 w = 0; w < words; w++) to[i * words + w] |= can[w] & absent[w];
    }
  }
}

static void find_absent(void) {
  // `start_number` of an unknown choice is 0, of an unknown number NaN: so are they here.
  clear(absent, im->fact_words);
  for (u32 i = 0; i < im->facts; i++) {
    double unknown = AT(double, start_number)[i];
    if (number[i] != number[i] || (unknown == 0 && number[i] == 0)) mark(absent, i);
  }
}

// ---- A case

static void forget_spelled(void);

// Decides the case whose values were written; with the facts that could withdraw what applies if
// wanted. Returns DONE, or LEFT: to the plain walk.
EXPORTED(u32, decide)(u32 with_defeaters) {
  const Step *step = AT(Step, step);
  const u32 *pool = AT(u32, pool), *diagrams = AT(u32, diagram);
  u32 words = im->fact_words, exactly = im->decisive + im->path, open = 0, ready = 0;
  forget_spelled();
  truth[FALSE] = FALSE, truth[UNKNOWN] = UNKNOWN, truth[2] = TRUE;
  clear(mask, words);
  for (u32 i = 0; i < im->steps; i++) if (!stepped(step + i, pool)) return LEFT;
  for (u32 i = 0; i < im->told_truths; i++) told[i] = truth[AT(u32, told_truth)[i]];
  for (u32 i = 0; i < im->told_numbers; i++) told_numbers[i] = number[AT(u32, told_number)[i]];
  u64 *asked = told_sets, *decisive = asked + words, *waits = decisive + im->decisive * words;
  u64 *defeaters = waits + im->doses * words;
  clear(told_sets, defeaters - told_sets);
  __builtin_memcpy(told_case, number, 8 * im->facts);
  for (u32 i = 0; i < exactly; i++) open |= told[i] == UNKNOWN;
  if (open || with_defeaters) {
    begin();
    if (!levelled()) return LEFT;
    ready = 1;
  }
  if (open) {
    for (u32 i = 0; i < im->decisive; i++)
      if (told[i] == UNKNOWN) told[i] = exact(diagrams[i], decisive + i * words);
    for (u32 i = im->decisive; i < exactly; i++)
      if (told[i] == UNKNOWN) told[i] = exact_truth(diagrams[i]);
  }
  for (u32 i = 0; i < im->asking; i++) unite(asked, decisive + i * words, words);
  const Dose *dose = AT(Dose, dose);
  for (u32 i = 0; i < im->doses; i++, dose++, waits += words) {
    u8 *shown = told + im->told_truths + i, all = told[dose->truth], row = FALSE;
    const u8 *gate = told + dose->first;
    u32 blocked = 0, weighed = number[dose->weight] == number[dose->weight];
    for (u32 k = 0; k < dose->count; k++) all &= gate[k], blocked |= gate[k] == FALSE;
    for (u32 k = 0; k < dose->rows; k++) row |= told[dose->row + k] == TRUE;
    *shown = FALSE;
    if (told[dose->truth] == FALSE || dose->diagram == NONE) continue;
    if (all == TRUE && weighed && row) continue;
    if (!ready) {
      begin();
      if (!levelled()) return LEFT;
      ready = 1;
    }
    *shown = exact_truth(dose->diagram);
    // What given facts keep back can be opened by no further one.
    if (blocked || *shown == FALSE) continue;
    unite(waits, decisive + dose->truth * words, words);
    for (u32 k = 0; k < dose->count; k++) unite(waits, decisive + (dose->first + k) * words, words);
    unite(waits, set(dose->waits), words);
    if (!weighed) mark(waits, dose->weight);
    if (told[dose->truth] == TRUE) unite(asked, waits, words);
  }
  if (with_defeaters) {
    find_absent();
    defeat(defeaters);
  } else {
    clear(defeaters, im->conclusions * words);
  }
  return DONE;
}

// Takes so many bytes more at the end of the memory, for good. Returns 0: there are none.
static u8 *take(u32 bytes) {
  u8 *found = taken;
  u32 wanted = ((u32)found - (u32)base + bytes + 15) & ~15u;
  if (bytes > 0x70000000u || !room(wanted)) return 0;
  taken = base + wanted;
  return found;
}

#include "reading.c"
#include "decimal.c"
#include "words.c"
#include "regimen.c"
#include "answer.c"
#include "batch.c"
