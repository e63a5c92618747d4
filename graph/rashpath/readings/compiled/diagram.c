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
// the branch of the case; -1: it is not known. `open`: the same, -1 too if it can still be turned.
typedef struct {
  u32 rows, ways;
  unsigned short width, stride;
  u32 first, count, bit;
  i32 region, open;
} Layer;

enum { VARIES = 2 };     // left of a diagram of which the truth alone is asked for; no part's number
enum { BITS = 64, REDUCE = 0, SETTLE = 1 };

static u64 *marks;       // the diagrams to read, as bits: a word to reduce, then one to settle
static u32 *marked, marked_words;   // the words in which there are any, and their layers
static u32 *left;        // by diagram what is left of it
static u32 *closed;      // by part what is left of it where no fact is given any more
static u64 *support;     // by part, those of a case too
static u64 *known, *free_bits;
static u32 *fixed;       // table of the parts that there are before any case
static u32 *slots;       // the same of those that a case adds at one level
static u32 *added, *next;  // what these lead to, and what follows the last
static u32 *worked_out, *turning, *level_of;  // levels of such a kind; that can be turned; by bit
static u32 parts, fixed_size, slots_size, worked_outs, turnings, sparse, opened;

static u32 power_above(u32 least) {
  u32 size = 64;
  while (size < least) size *= 2;
  return size;
}

static u32 mixed(u32 hash, const u32 *kids, u32 count) {
  for (u32 i = 0; i < count; i++) hash = (hash ^ kids[i]) * 0x85ebca6bu, hash ^= hash >> 15;
  return hash;
}

// Two numbers as one: most levels have two branches, and are worth ways of their own.
static u64 pair(const u32 *kids) {
  u64 both;
  __builtin_memcpy(&both, kids, 8);
  return both;
}

static int same(const u32 *one, const u32 *other, u32 count) {
  if (count == 2) return pair(one) == pair(other);
  for (u32 i = 0; i < count; i++) if (one[i] != other[i]) return 0;
  return 1;
}

static int in_set(const u64 *bits, u32 bit) { return bits[bit / BITS] >> bit % BITS & 1; }

static void mark(u64 *bits, u32 bit) { bits[bit / BITS] |= 1ull << bit % BITS; }

// Marks a diagram; `its`: `marks`, from the word on that tells what is wanted of it.
static void want(u64 *its, u32 diagram) { its[2 * (diagram / BITS)] |= 1ull << diagram % BITS; }

// Bytes that the reading needs behind the image.
static u64 diagram_bytes(void) {
  fixed_size = power_above(2 * im->parts);
  slots_size = power_above(4 * im->largest);
  return 8ull * im->words * (2 * im->nodes + 2) + im->nodes / 2 + 4ull * (3ull * im->nodes + im->parts)
    + 8ull * im->branches + 4ull * fixed_size + 4ull * slots_size + 8ull * im->levels + 4ull * BITS * im->words + 256;
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
  place(end, 16 * im->words * im->nodes);   // an open and a closed one of each diagram at most
  known = place(end, 8 * im->words);
  free_bits = place(end, 8 * im->words);
  marks = place(end, im->nodes / 4);
  marked = place(end, im->nodes / 8);
  left = place(end, 4 * im->nodes);
  closed = place(end, 4 * (im->parts + 2 * im->nodes));
  added = place(end, 8 * im->branches);
  fixed = place(end, 4 * fixed_size);
  slots = place(end, 4 * slots_size);
  worked_out = place(end, 4 * im->levels);
  turning = place(end, 4 * im->levels);
  level_of = place(end, 4 * BITS * im->words);
  left[0] = 0, left[1] = 1;
  __builtin_memcpy(closed, AT(u32, bare), 4 * im->nodes);
  for (u32 part = im->nodes; part < im->parts; part++) closed[part] = part;
  closed[VARIES] = VARIES;
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

// Finds the branch of each level that is known. Returns 0: a value has no branch.
static int level_all(void) {
  const Level *level = AT(Level, level);
  Layer *layer = AT(Layer, layer);
  u32 count = 0, others = 0, odd = 0;
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
    layer->region = layer->open = its;
    others += level->kind != GIVEN;
    count += its >= 0 && level->kind != GIVEN;
  }
  if (odd) return 0;
  // Where little is known, much of the diagrams reads nothing known, and what is left of that is in the
  // image. Elsewhere to look for it takes longer than to read on.
  sparse = 5 * count < others;
  if (!sparse) return 1;
  clear(known, im->words);
  layer -= im->levels, level -= im->levels;
  for (u32 i = 0; i < im->levels; i++)
    if (level[i].kind == GIVEN ? layer[i].region == 1 : layer[i].region >= 0)
      mark(known, level[i].bit);
  return 1;
}

// ---- Down: what is to be read

// Returns the diagrams that read something known, of those in a word from a number on; says what is
// left of the others.
static u64 reading(u64 bits, u32 first) {
  const u32 *bare = AT(u32, bare), words = im->words;
  u64 rest = bits;
  for (; bits; bits &= bits - 1) {
    u32 diagram = first + __builtin_ctzll(bits);
    if (meet(support + diagram * words, known, words)) continue;
    left[diagram] = opened ? diagram : bare[diagram];
    rest ^= bits & -bits;
  }
  return rest;
}

static void lead_on(u64 *on, u64 bits, const u32 *branch, u32 width) {
  for (; bits; bits &= bits - 1) want(on, branch[__builtin_ctzll(bits) * width]);
}

static void spread(void) {
  const Layer *layers = AT(Layer, layer);
  u32 *listed = marked;
  for (u32 i = 0; i < im->levels; i++) {
    const Layer *layer = layers + i;
    u32 stride = layer->open < 0 ? layer->stride : layer->width;
    const u32 *ways = (u32 *)(base + (layer->open < 0 ? layer->ways : layer->rows));
    u32 word = layer->first / BITS, end = word + (layer->count + BITS - 1) / BITS;
    for (; word < end; word++, ways += BITS * stride) {
      u64 *its = marks + 2 * word, whole = its[REDUCE], bits = whole | its[SETTLE];
      if (!bits) continue;
      if (sparse && layer->open < 0) {
        bits = reading(bits, BITS * word);
        whole = its[REDUCE] &= bits;
      }
      its[SETTLE] = bits & ~whole;
      *listed++ = word;
      *listed++ = i;
      if (layer->open >= 0) {
        const u32 *branch = ways + layer->open;
        for (; bits; bits &= bits - 1) {
          u32 at = __builtin_ctzll(bits);
          want(marks + (~whole >> at & 1), branch[at * stride]);
        }
        continue;
      }
      if (layer->region >= 0) {
        const u32 *rows = (u32 *)(base + layer->rows) + (BITS * word - layer->first) * layer->width;
        lead_on(marks + SETTLE, bits & ~whole, rows + layer->region, layer->width);
        bits = whole;
      }
      for (; bits; bits &= bits - 1) {
        u32 at = __builtin_ctzll(bits);
        const u32 *way = ways + at * stride;
        u64 *on = marks + (~whole >> at & 1);
        want(on, way[0]);
        if (stride < 2) continue;
        want(on, way[1]);
        for (u32 k = 2; k < stride; k++) want(on, way[k]);
      }
    }
  }
  marked_words = (listed - marked) / 2;
}

// ---- Up: what is left

// Returns the part that there is before any case; 0: none. What is left of one by a level that is known
// and open hangs on the case.
static u32 fixed_part(const Layer *layer, const u32 *kids) {
  if (in_set(known, layer->bit)) return 0;
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

// The level whose parts are being made: its slots in use, and the first part that the case adds to it,
// with what that leads to.
static const Layer *making;
static u32 making_size, making_first, *making_rows;

static void make_level(const Layer *layer, u32 count) {
  making = layer;
  making_first = parts;
  making_rows = next;
  // A diagram may leave one more, closed.
  for (making_size = 8; making_size < (opened ? 4 : 2) * count;) making_size *= 2;
  for (u32 i = 0; i < making_size; i += 2) *(u64 *)(slots + i) = 0;
}

// A hash of what a part leads to counts each branch with another power of it. Powers, since small
// numbers are not to cancel each other out: parts of a level often lead to the same few.
enum { FACTOR = 0x2c1b3c6d };

static void add_support(u32 part, u32 width) {
  u32 words = im->words;
  u64 *its = support + part * words;
  if (words == 2 && width == 2) {
    its[0] = support[2 * next[0]] | support[2 * next[1]];
    its[1] = support[2 * next[0] + 1] | support[2 * next[1] + 1];
  } else if (words == 2) {
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
  mark(its, making->bit);
}

// Returns the part of the level that leads to `next`, of this hash, not all the same.
static u32 part_of(u32 hash) {
  u32 width = making->width, part;
  if (sparse && (part = fixed_part(making, next))) return part;
  u32 at = (hash ^ hash >> 16) & (making_size - 1);
  for (; slots[at]; at = (at + 1) & (making_size - 1))
    if (same(making_rows + (slots[at] - making_first) * width, next, width)) return slots[at];
  part = slots[at] = parts++;
  closed[part] = part;
  add_support(part, width);
  next += width;
  if (!opened || !meet(support + part * im->words, free_bits, im->words)) return part;
  const u32 *kids = next - width;
  if (making->region >= 0) {
    closed[part] = closed[kids[making->region]];
    return part;
  }
  u32 one = closed[kids[0]], differ = 0, factor = FACTOR;
  hash = 0;
  for (u32 k = 0; k < width; k++, factor *= FACTOR) {
    u32 its = next[k] = closed[kids[k]];
    differ |= its ^ one;
    hash += its * factor;
  }
  // What that leads to is closed, so it is closed itself.
  closed[part] = differ ? part_of(hash) : one;
  return part;
}

// Returns what is left where all ways are open that the row of a diagram leads.
static u32 joined_pair(const u32 *row) {
  u32 one = left[row[0]], other = left[row[1]];
  if (one == other) return one;
  next[0] = one;
  next[1] = other;
  return part_of((one + other * FACTOR) * FACTOR);
}

static u32 joined(const u32 *row, u32 width) {
  u32 one = left[row[0]], differ = 0, hash = 0, factor = FACTOR;
  for (u32 k = 0; k < width; k++, factor *= FACTOR) {
    u32 its = next[k] = left[row[k]];
    differ |= its ^ one;
    hash += its * factor;
  }
  return differ ? part_of(hash) : one;
}

// Returns the same as far as the truth goes.
static u32 truth_left(const u32 *row, u32 width) {
  u32 one = closed[left[row[0]]], differ = 0;
  for (u32 k = 1; k < width; k++) differ |= closed[left[row[k]]] ^ one;
  return differ ? VARIES : one;
}

static void fold(void) {
  const Layer *layers = AT(Layer, layer);
  parts = im->parts;
  next = added;
  making = 0;
  for (const u32 *listed = marked + 2 * marked_words; listed > marked;) {
    const Layer *layer = layers + *--listed;
    u32 word = *--listed, width = layer->width;
    u64 whole = marks[2 * word + REDUCE], bits = whole | marks[2 * word + SETTLE];
    const u32 *rows = (u32 *)(base + layer->rows) + (BITS * word - layer->first) * width;
    u32 *its_left = left + BITS * word;
    marks[2 * word + REDUCE] = marks[2 * word + SETTLE] = 0;
    work += __builtin_popcountll(bits);
    u64 plain = layer->open >= 0 ? bits : layer->region >= 0 ? bits & ~whole : 0;
    for (u64 rest = plain; rest; rest &= rest - 1) {
      u32 at = __builtin_ctzll(rest);
      its_left[at] = left[rows[at * width + layer->region]];
    }
    bits ^= plain;
    if (bits && making != layer) {
      u32 count = __builtin_popcountll(whole);
      for (const u32 *more = listed; more > marked && layers + more[-1] == layer; more -= 2)
        count += __builtin_popcountll(marks[2 * more[-2] + REDUCE]);
      make_level(layer, count);
    }
    for (u64 rest = bits & whole; rest; rest &= rest - 1) {
      u32 at = __builtin_ctzll(rest);
      const u32 *row = rows + at * width;
      its_left[at] = width == 2 ? joined_pair(row) : joined(row, width);
    }
    for (u64 rest = bits & ~whole; rest; rest &= rest - 1) {
      u32 at = __builtin_ctzll(rest);
      its_left[at] = truth_left(rows + at * width, width);
    }
  }
}

// Reads the diagrams that were marked.
static void read_diagrams(void) {
  spread();
  fold();
}

// ---- What that says

// Returns the exact truth of a diagram that was read.
static u8 exact_truth(u32 diagram) {
  u32 part = closed[left[diagram]];
  return part > 1 ? UNKNOWN : part ? TRUE : FALSE;
}

// Adds the facts that still matter to a diagram that was read.
static void add_decisive(u32 diagram, u64 *facts) {
  u32 part = closed[left[diagram]], words = im->fact_words;
  if (part < 2) return;
  const Level *levels = AT(Level, level);
  const u64 *its = support + part * im->words;
  unite(facts, its, words);
  if (im->facts % BITS) facts[words - 1] &= (1ull << im->facts % BITS) - 1;
  for (u32 i = 0; i < worked_outs; i++) {
    const Level *level = levels + worked_out[i];
    if (in_set(its, level->bit)) unite(facts, set(level->waits), words);
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

// Finds the levels that a fact which is not given can turn.
static void find_turning(void) {
  find_absent();
  clear(free_bits, im->words);
  for (u32 i = 0; i < turnings; i++) {
    const Level *level = AT(Level, level) + turning[i];
    if (!meet((u64 *)(base + level->defeating), absent, im->fact_words)) continue;
    mark(free_bits, level->bit);
    opened = 1;
  }
}

static void open_turning(void) {
  for (u32 w = 0; w < im->words; w++)
    for (u64 bits = free_bits[w]; bits; bits &= bits - 1)
      AT(Layer, layer)[level_of[BITS * w + __builtin_ctzll(bits)]].open = -1;
}

// Returns whether a fact not given could withdraw a recommendation that is not ruled out.
static int can_turn(u32 conclusion) {
  u32 diagram = AT(u32, diagram)[conclusion];
  return told[conclusion] != FALSE && meet(support + diagram * im->words, free_bits, im->words);
}

// Adds of each recommendation the facts that could.
static void add_defeaters(u64 *to) {
  u32 fact_words = im->fact_words, words = im->words;
  for (u32 i = 0; i < im->conclusions; i++, to += fact_words) {
    u32 part = can_turn(i) ? left[AT(u32, diagram)[i]] : 0;
    if (part < 2) continue;
    for (u32 w = 0; w < words; w++) {
      for (u64 bits = support[part * words + w] & free_bits[w]; bits; bits &= bits - 1) {
        const Level *level = AT(Level, level) + level_of[BITS * w + __builtin_ctzll(bits)];
        const u64 *can = (u64 *)(base + level->defeating);
        for (u32 k = 0; k < fact_words; k++) to[k] |= can[k] & absent[k];
      }
    }
  }
}
