// Decides a case: works out every truth by Kleene's tables, and makes exact what stays unknown.
//
// Runs as WebAssembly: it has one memory of its own, and cannot reach beyond it. It knows no
// guideline: all it goes by is an image that `image.py` writes, which also names the sections. What
// it says must equal the plain walk; what it cannot do exactly it leaves to it (LEFT).
//
// Truths are bytes: 0 false, 1 unknown, 3 true, so that AND is & and OR is |. A number that is not
// known or does not exist is NaN. Sets of facts and of levels are bits in words of 64.

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
  u32 layer;              // Layer[levels]
  u32 nodes, parts;       // numbers below the first are those of diagrams, below the second of parts
  u32 bare;               // u32[nodes]: what is left of each diagram with nothing known
  u32 largest, branches;  // most diagrams of a level; the branches of all of them
  u32 part_support;       // by part: u64[words]; the last section
  u32 groups, group, field;  // of the case message: u32 count, 64 at most; Group[]; Field[]
} Image;

typedef struct { u32 op, count, to, a, b; } Step;

enum {
  AND, OR, NOT, LESS, AT_MOST, EQUAL, NOT_EQUAL, AT_LEAST, MORE, TABLE, HAS_NUMBER, HAS_CHOICE,
  CHOOSE, ADD, SUBTRACT, MULTIPLY, DIVIDE, CHOOSE_NUMBER, COMPUTED, MISSING, UNION, IF_UNKNOWN,
  FACT_IF_UNKNOWN, CHOOSE_MASK
};

// Of a regimen with a dose table, by what is told: its recommendation, `count` parts of its gate from
// `first` on, `rows` of its table from `row` on; the slot of the weight, when it may be shown, and what its rows wait for.
typedef struct { u32 truth, weight, diagram, first, count, rows, row, waits; } Dose;

static u8 *base;         // the image
static Image *im;
static u8 *truth, *told;
static double *number, *told_numbers, *told_case;
static u64 *mask, *told_sets, *absent;
static u32 *unsure;      // places of truths that Kleene's tables leave open
static u8 *taken;        // the first byte that nothing has
static u32 work;         // roughly how much was looked at: diagrams, and what is asked for

#define AT(type, section) ((type *)(base + im->section))

static void *place(u8 **end, u32 bytes) {
  u8 *found = *end;
  *end += (bytes + 15) & ~15u;
  return found;
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

#include "diagram.c"

// Makes ready for cases after an image was written. Returns where `double[facts]` is to be written
// before a case; 0: no memory.
EXPORTED(u32, load)(void) {
  u8 *end = base + im->size;
  u32 sets = im->decisive + im->conclusions + im->doses + 1;
  u64 bytes = 4096 + im->truths + im->told_truths + im->doses + 8ull * im->numbers
    + 8ull * (im->told_numbers + im->facts) + 8ull * im->fact_words * (im->masks + sets + 1ull)
    + 4ull * (im->decisive + im->path + 1) + diagram_bytes();
  if (bytes > 0x70000000u || !room(im->size + (u32)bytes)) return 0;
  place_diagrams(&end);
  number = place(&end, 8 * im->numbers);
  truth = place(&end, im->truths);
  told_sets = place(&end, 8 * (im->fact_words * sets + im->told_numbers + im->facts)
    + im->told_truths + im->doses);
  told_numbers = (double *)(told_sets + im->fact_words * sets);
  told_case = told_numbers + im->told_numbers;
  told = (u8 *)(told_case + im->facts);
  mask = place(&end, 8 * im->fact_words * im->masks);
  absent = place(&end, 8 * im->fact_words);
  unsure = place(&end, 4 * (im->decisive + im->path + 1));
  __builtin_memcpy(number, AT(double, start_number), 8 * im->numbers);
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

// ---- A case

static void forget_spelled(void);

// Returns whether a dose is shown, as far as its recommendation, gate and weight are known now.
static int shown_now(const Dose *dose) {
  const u8 *gate = told + dose->first;
  u8 all = told[dose->truth], row = FALSE;
  for (u32 k = 0; k < dose->count; k++) all &= gate[k];
  for (u32 k = 0; k < dose->rows; k++) row |= told[dose->row + k] == TRUE;
  return all == TRUE && row && number[dose->weight] == number[dose->weight];
}

static int may_wait(const Dose *dose) {
  return told[dose->truth] != FALSE && dose->diagram != NONE && !shown_now(dose);
}

// Makes exact what Kleene's tables leave open, and finds what decides it; with defeaters, if `opened`.
// Returns LEFT: it cannot.
static u32 refine(u64 *decisive, u64 *defeaters) {
  const u32 *diagrams = AT(u32, diagram), exactly = im->decisive + im->path, words = im->fact_words;
  const Dose *dose = AT(Dose, dose);
  u32 count = 0, more = 0;
  for (u32 i = 0; i < exactly; i++) {
    unsure[count] = i;
    count += told[i] == UNKNOWN;
  }
  for (u32 i = 0; i < im->doses; i++) more |= may_wait(dose + i);
  for (u32 i = 0; opened && i < im->conclusions; i++) more |= can_turn(i);
  if (!count && !more) return DONE;
  if (!level_all()) return LEFT;
  if (opened) open_turning();
  for (u32 n = 0; n < count; n++)
    want(marks + (unsure[n] < im->decisive ? REDUCE : SETTLE), diagrams[unsure[n]]);
  for (u32 i = 0; i < im->doses; i++) if (may_wait(dose + i)) want(marks + SETTLE, dose[i].diagram);
  for (u32 i = 0; opened && i < im->conclusions; i++)
    if (can_turn(i)) want(marks + REDUCE, diagrams[i]);
  read_diagrams();
  for (u32 n = 0; n < count; n++) {
    u32 i = unsure[n];
    told[i] = exact_truth(diagrams[i]);
    if (i < im->decisive) add_decisive(diagrams[i], decisive + i * words);
  }
  if (opened) add_defeaters(defeaters);
  return DONE;
}

// Decides the case whose values were written; with the facts that could withdraw what applies if
// wanted. Returns DONE, or LEFT: to the plain walk.
EXPORTED(u32, decide)(u32 with_defeaters) {
  const Step *step = AT(Step, step);
  const u32 *pool = AT(u32, pool);
  u32 words = im->fact_words;
  forget_spelled();
  truth[FALSE] = FALSE, truth[UNKNOWN] = UNKNOWN, truth[2] = TRUE;
  clear(mask, words);
  for (u32 i = 0; i < im->steps; i++) if (!stepped(step + i, pool)) return LEFT;
  for (u32 i = 0; i < im->told_truths; i++) told[i] = truth[AT(u32, told_truth)[i]];
  for (u32 i = 0; i < im->told_numbers; i++) told_numbers[i] = number[AT(u32, told_number)[i]];
  u64 *asked = told_sets, *decisive = asked + words, *waits = decisive + im->decisive * words;
  u64 *defeaters = waits + im->doses * words;
  clear(told_sets, defeaters + im->conclusions * words - told_sets);
  __builtin_memcpy(told_case, number, 8 * im->facts);
  opened = 0;
  if (with_defeaters) find_turning();
  if (refine(decisive, defeaters) == LEFT) return LEFT;
  for (u32 i = 0; i < im->asking; i++) unite(asked, decisive + i * words, words);
  const Dose *dose = AT(Dose, dose);
  for (u32 i = 0; i < im->doses; i++, dose++, waits += words) {
    u8 *shown = told + im->told_truths + i;
    u32 blocked = 0;
    *shown = FALSE;
    if (!may_wait(dose)) continue;
    *shown = exact_truth(dose->diagram);
    for (u32 k = 0; k < dose->count; k++) blocked |= told[dose->first + k] == FALSE;
    // What given facts keep back can be opened by no further one.
    if (blocked || *shown == FALSE) continue;
    unite(waits, decisive + dose->truth * words, words);
    for (u32 k = 0; k < dose->count; k++) unite(waits, decisive + (dose->first + k) * words, words);
    unite(waits, set(dose->waits), words);
    if (number[dose->weight] != number[dose->weight]) mark(waits, dose->weight);
    if (told[dose->truth] == TRUE) unite(asked, waits, words);
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
