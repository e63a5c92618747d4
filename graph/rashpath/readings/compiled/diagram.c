// Reads the decision diagrams: what the levels that are known leave of them, exactly.
//
// The reading is that of rashpath.expression.decision_diagram: what is left of a diagram is a part,
// a number that is equal where the truth is equal in every completion; 0 is false, 1 true.
//
// All diagrams that are asked for are read together, level by level: down from the first level, to
// mark those that they lead to (`spread`); then up, to say what is left of each (`fold`). Diagrams
// are marked as bits, so each is read once, and nothing has to be remembered of the case before.

// `by_value`: of a choice the branch of each value; of a number the region of each slot, as
// rashpath.expression.partition counts them. -1: none. `bares`: how many parts with nothing known
// that are no diagrams there are, numbered from `bare` on.
typedef struct {
  u32 kind, slot, bit, values, threshold, by_value, waits, defeating, bare, bares;
} Level;

enum { CHOICE, NUMBER, WORKED_OUT, GIVEN };

// The diagrams of a level: `count` of them, numbered from `first` on, a multiple of 64. `rows`: what
// each leads to, u32[count + bares][width]. `ways`: the same, each once, u32[count][stride]. `region`:
// the branch of the case; -1: it is not known.
typedef struct { u32 rows, width, ways, stride, first, count, bit; i32 region; } Layer;

enum { VARIES = 2 };     // left of a diagram of which the truth alone was asked for; no part's number
enum { BITS = 64, REDUCE = 0, SETTLE = 1 };

static u64 *marks;       // the diagrams to read, as bits: a word to reduce, then one to settle
static u32 *marked, marked_words;   // the words in which there are any, and their layers
static u32 *left;        // by diagram what is left of it
static u64 *support;     // by part, those of a case too
static u64 *known, *free_bits;
static u32 *fixed;       // table of the parts that there are before any case
static u32 *slots;       // the same of those that a case adds at one level
static u32 *added, *next;  // what these lead to, and what follows the last
static u32 *worked_out, *turning, *level_of;  // levels of such a kind; that can be turned; by bit
static u32 parts, fixed_size, slots_size, worked_outs, turnings, sparse, levelled;

static u32 power_above(u32 least) {
  u32 size = 64;
  while (size < least) size *= 2;
  return size;
}

static u32 mixed(u32 hash, const u32 *kids, u32 count) {
  for (u32 i = 0; i < count; i++) hash = (hash ^ kids[i]) * 0x85ebca6bu, hash ^= hash >> 15;
  return hash;
}

static int same(const u32 *one, const u32 *other, u32 count) {
  for (u32 i = 0; i < count; i++) if (one[i] != other[i]) return 0;
  return 1;
}

static void mark(u64 *bits, u32 bit) { bits[bit / BITS] |= 1ull << bit % BITS; }

// Marks a diagram; `its`: `marks`, from the word on that tells what is wanted of it.
static void want(u64 *its, u32 diagram) { its[2 * (diagram / BITS)] |= 1ull << diagram % BITS; }

// Bytes that the reading needs behind the image.
static u64 diagram_bytes(void) {
  fixed_size = power_above(2 * im->parts);
  slots_size = power_above(2 * im->largest);
  return 8ull * im->words * (im->nodes + 2) + im->nodes / 2 + 4ull * im->nodes + 4ull * im->branches
    + 4ull * fixed_size + 4ull * slots_size + 8ull * im->levels + 4ull * BITS * im->words + 256;
}

static void add_fixed(const Layer *layer, u32 first, u32 count, const u32 *rows) {
  for (u32 part = first; part < first + count; part++, rows += layer->width) {
    u32 at = mixed(layer->bit, rows, layer->width) & (fixed_size - 1);
    while (fixed[at]) at = (at + 1) & (fixed_size - 1);
    fixed[at] = part;
  }
}

// Makes ready to read; `*end`: what follows the image, which is set behind all that is taken.
static void place_diagrams(u8 **end) {
  const Level *level = AT(Level, level);
  // INVARIANT: the supports end the image, and those of a case follow them.
  support = AT(u64, part_support);
  place(end, 8 * im->words * im->nodes);
  known = place(end, 8 * im->words);
  free_bits = place(end, 8 * im->words);
  marks = place(end, im->nodes / 4);
  marked = place(end, im->nodes / 8);
  left = place(end, 4 * im->nodes);
  added = place(end, 4 * im->branches);
  fixed = place(end, 4 * fixed_size);
  slots = place(end, 4 * slots_size);
  worked_out = place(end, 4 * im->levels);
  turning = place(end, 4 * im->levels);
  level_of = place(end, 4 * BITS * im->words);
  left[0] = 0, left[1] = 1;
  for (u32 i = 0; i < im->levels; i++, level++) {
    const Layer *layer = AT(Layer, layer) + i;
    const u32 *rows = (u32 *)(base + layer->rows);
    add_fixed(layer, layer->first, layer->count, rows);
    add_fixed(layer, level->bare, level->bares, rows + layer->count * layer->width);
    if (level->kind == WORKED_OUT) worked_out[worked_outs++] = i;
    if (level->defeating) turning[turnings++] = i;
    level_of[level->bit] = i;
  }
}

// ---- The levels

static i32 region_of(const Level *level, double value) {
  const double *threshold = (double *)(base + level->threshold);
  u32 slot = 0;
  while (slot < level->values && threshold[slot] < value) slot++;
  int on = slot < level->values && threshold[slot] == value;
  return ((i32 *)(base + level->by_value))[2 * slot + on];
}

// Finds the branch of each level that is known, once for a case. Returns 0: a value has no branch.
static int level_all(void) {
  if (levelled) return 1;
  const Level *level = AT(Level, level);
  Layer *layer = AT(Layer, layer);
  u32 count = 0, odd = 0;
  for (u32 i = 0; i < im->levels; i++, level++, layer++) {
    double value = number[level->slot];
    i32 its = -1;
    switch (level->kind) {
      case CHOICE:
        if (!(value >= 0 && value < level->values)) return 0;
        its = ((i32 *)(base + level->by_value))[(u32)value];
        odd |= its < 0 && value != 0;
        break;
      case NUMBER: case WORKED_OUT:
        if (value != value) break;
        its = region_of(level, value);
        odd |= its < 0;
        break;
      default:
        // `values` tells whether the fact is a choice.
        its = level->values ? value != 0 : value == value;
    }
    layer->region = its;
    count += its >= 0 && level->kind != GIVEN;
  }
  if (odd) return 0;
  // Where little is known, much of the diagrams reads nothing known, and what is left of that is in the
  // image. Elsewhere to look for it takes longer than to read on.
  sparse = 5 * count < im->facts;
  levelled = 1;
  if (!sparse) return 1;
  clear(known, im->words);
  layer = AT(Layer, layer), level = AT(Level, level);
  for (u32 i = 0; i < im->levels; i++)
    if (level[i].kind == GIVEN ? layer[i].region == 1 : layer[i].region >= 0)
      mark(known, level[i].bit);
  return 1;
}

// ---- Down: what is to be read

// Returns the diagrams that read something known, of those in a word from a number on; says what is
// left of the others. `open`: their presence tests too are not settled.
static u64 reading(u64 bits, u32 first, int open) {
  const u32 *bare = AT(u32, bare), words = im->words;
  u64 rest = bits;
  for (; bits; bits &= bits - 1) {
    u32 diagram = first + __builtin_ctzll(bits);
    if (meet(support + diagram * words, known, words)) continue;
    left[diagram] = open ? diagram : bare[diagram];
    rest ^= bits & -bits;
  }
  return rest;
}

static void spread(int open) {
  const Layer *layers = AT(Layer, layer);
  u32 *listed = marked;
  for (u32 i = 0; i < im->levels; i++) {
    const Layer *layer = layers + i;
    u32 stride = layer->region < 0 ? layer->stride : layer->width;
    const u32 *ways = (u32 *)(base + (layer->region < 0 ? layer->ways : layer->rows));
    u32 word = layer->first / BITS, end = word + (layer->count + BITS - 1) / BITS;
    for (; word < end; word++, ways += BITS * stride) {
      u64 *its = marks + 2 * word, whole = its[REDUCE], bits = whole | its[SETTLE];
      if (!bits) continue;
      if (sparse && layer->region < 0) {
        bits = reading(bits, BITS * word, open);
        whole = its[REDUCE] &= bits;
        if (!bits) its[SETTLE] = 0;
      }
      its[SETTLE] = bits & ~whole;
      *listed++ = word;
      *listed++ = i;
      if (layer->region >= 0) {
        const u32 *branch = ways + layer->region;
        for (; bits; bits &= bits - 1) {
          u32 at = __builtin_ctzll(bits);
          want(marks + (~whole >> at & 1), branch[at * stride]);
        }
      } else if (stride == 2) {
        for (; bits; bits &= bits - 1) {
          u32 at = __builtin_ctzll(bits);
          u64 *on = marks + (~whole >> at & 1);
          want(on, ways[2 * at]);
          want(on, ways[2 * at + 1]);
        }
      } else {
        for (; bits; bits &= bits - 1) {
          u32 at = __builtin_ctzll(bits);
          u64 *on = marks + (~whole >> at & 1);
          for (u32 k = 0; k < stride; k++) want(on, ways[at * stride + k]);
        }
      }
    }
  }
  marked_words = (listed - marked) / 2;
}

// ---- Up: what is left

// Returns the part that there is before any case; 0: none.
static u32 fixed_part(const Layer *layer, const u32 *kids) {
  const Level *level = AT(Level, level) + (layer - AT(Layer, layer));
  u32 width = layer->width;
  for (u32 i = 0; i < width; i++) if (kids[i] >= im->parts) return 0;
  u32 at = mixed(layer->bit, kids, width) & (fixed_size - 1);
  for (; fixed[at]; at = (at + 1) & (fixed_size - 1)) {
    u32 row = fixed[at] - layer->first;
    if (row >= layer->count) {
      row = fixed[at] - level->bare;
      if (row >= level->bares) continue;
      row += layer->count;
    }
    if (same((u32 *)(base + layer->rows) + row * width, kids, width)) return fixed[at];
  }
  return 0;
}

// Returns the part that leads to `next`, not all the same. `first`: the first that this case adds at
// the level, with what it leads to; `size`: slots that are in use.
static u32 part_of(const Layer *layer, u32 first, const u32 *rows, u32 size) {
  u32 width = layer->width, words = im->words, part = 0;
  if (sparse) part = fixed_part(layer, next);
  if (part) return part;
  u32 at = mixed(0, next, width) & (size - 1);
  for (; slots[at]; at = (at + 1) & (size - 1))
    if (same(rows + (slots[at] - first) * width, next, width)) return slots[at];
  part = slots[at] = parts++;
  u64 *its = support + part * words;
  if (words == 2) {
    u64 low = 0, high = 0;
    for (u32 k = 0; k < width; k++) {
      low |= support[2 * next[k]];
      high |= support[2 * next[k] + 1];
    }
    its[0] = low;
    its[1] = high;
  } else {
    clear(its, words);
    for (u32 k = 0; k < width; k++) unite(its, support + next[k] * words, words);
  }
  mark(its, layer->bit);
  next += width;
  return part;
}

static void fold(void) {
  const Layer *layers = AT(Layer, layer), *layer = 0;
  u32 first_part = 0, size = 0;
  const u32 *first_row = 0;
  parts = im->parts;
  next = added;
  for (const u32 *listed = marked + 2 * marked_words; listed > marked;) {
    const Layer *its_layer = layers + *--listed;
    u32 word = *--listed, width = its_layer->width, first = BITS * word;
    u64 whole = marks[2 * word], bits = whole | marks[2 * word + 1];
    const u32 *rows = (u32 *)(base + its_layer->rows) + (first - its_layer->first) * width;
    u32 *its_left = left + first;
    marks[2 * word] = marks[2 * word + 1] = 0;
    work += __builtin_popcountll(bits);
    if (its_layer->region >= 0) {
      const u32 *branch = rows + its_layer->region;
      for (; bits; bits &= bits - 1) {
        u32 at = __builtin_ctzll(bits);
        its_left[at] = left[branch[at * width]];
      }
      continue;
    }
    if (layer != its_layer) {
      u32 count = __builtin_popcountll(whole);
      layer = its_layer;
      first_part = parts;
      first_row = next;
      for (const u32 *more = listed; more > marked && layers + more[-1] == layer; more -= 2)
        count += __builtin_popcountll(marks[2 * more[-2]]);
      for (size = 8; size < 2 * count;) size *= 2;
      for (u32 i = 0; i < size; i += 2) *(u64 *)(slots + i) = 0;
    }
    for (; bits; bits &= bits - 1) {
      u32 at = __builtin_ctzll(bits);
      const u32 *row = rows + at * width;
      u32 one = left[row[0]], differ = 0;
      for (u32 k = 0; k < width; k++) {
        u32 its = left[row[k]];
        next[k] = its;
        differ |= its ^ one;
      }
      its_left[at] = !differ ? one : whole >> at & 1 ? part_of(layer, first_part, first_row, size)
        : VARIES;
    }
  }
}

// Reads the diagrams that were marked; `open`: with levels open that a fact's presence can turn.
static void read_diagrams(int open) {
  spread(open);
  fold();
}

// ---- What that says

// Returns the exact truth of a diagram that was read.
static u8 exact_truth(u32 diagram) {
  return left[diagram] > 1 ? UNKNOWN : left[diagram] ? TRUE : FALSE;
}

// Adds the facts that still matter to a diagram that was read.
static void add_decisive(u32 diagram, u64 *facts) {
  if (left[diagram] < 2) return;
  const Level *levels = AT(Level, level);
  const u64 *its = support + left[diagram] * im->words;
  u32 words = im->fact_words;
  unite(facts, its, words);
  if (im->facts % BITS) facts[words - 1] &= (1ull << im->facts % BITS) - 1;
  for (u32 i = 0; i < worked_outs; i++) {
    const Level *level = levels + worked_out[i];
    if (its[level->bit / BITS] >> level->bit % BITS & 1) unite(facts, set(level->waits), words);
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

// Finds the levels that a fact which is not given can turn. Returns whether there are any.
static int may_turn(void) {
  int any = 0;
  clear(free_bits, im->words);
  for (u32 i = 0; i < turnings; i++) {
    const Level *level = AT(Level, level) + turning[i];
    if (!meet((u64 *)(base + level->defeating), absent, im->fact_words)) continue;
    mark(free_bits, level->bit);
    any = 1;
  }
  return any;
}

static int can_turn(u32 conclusion) {
  u32 diagram = AT(u32, diagram)[conclusion];
  return told[conclusion] != FALSE && meet(support + diagram * im->words, free_bits, im->words);
}

// Adds for each recommendation that is not ruled out the facts not given that could withdraw it. It
// opens levels: nothing else can be read of the case after it. Returns LEFT: it cannot.
static u32 defeat(u64 *to) {
  const Level *levels = AT(Level, level);
  u32 fact_words = im->fact_words, words = im->words;
  find_absent();
  if (!may_turn()) return DONE;
  if (!level_all()) return LEFT;
  for (u32 w = 0; w < words; w++)
    for (u64 bits = free_bits[w]; bits; bits &= bits - 1)
      AT(Layer, layer)[level_of[BITS * w + __builtin_ctzll(bits)]].region = -1;
  for (u32 i = 0; i < im->conclusions; i++)
    if (can_turn(i)) want(marks + REDUCE, AT(u32, diagram)[i]);
  read_diagrams(1);
  for (u32 i = 0; i < im->conclusions; i++, to += fact_words) {
    u32 part = can_turn(i) ? left[AT(u32, diagram)[i]] : 0;
    if (part < 2) continue;
    for (u32 w = 0; w < words; w++) {
      for (u64 bits = support[part * words + w] & free_bits[w]; bits; bits &= bits - 1) {
        const Level *level = levels + level_of[BITS * w + __builtin_ctzll(bits)];
        const u64 *can = (u64 *)(base + level->defeating);
        for (u32 k = 0; k < fact_words; k++) to[k] |= can[k] & absent[k];
      }
    }
  }
  return DONE;
}
