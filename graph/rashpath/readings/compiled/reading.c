// Reads a case from the bytes of its message, as long as it is as ordinary clients write it: each
// field once, with a value that it may have. All else is ODD, and is for the protobuf library and
// the checks that name what is wrong.

enum { READ = 0, ODD = 1 };
enum { GROUP_MESSAGE = 2, FACT_ENUM = 0, FACT_WHOLE = 1, FACT_DECIMAL = 2 };

// Fields are found by their numbers: `fields` entries from `first` on, the first for number 0.
typedef struct { u32 first, fields; } Group;
typedef struct { u32 slot, kind, allowed, values; double least, most; } Field;

static u8 *request;
static u64 *seen;

// Returns where a case of up to so many bytes is to be written; 0: no memory.
EXPORTED(u32, case_room)(u32 bytes) {
  if (!seen) seen = (u64 *)take(8 * (im->fact_words + 1));
  request = take(bytes);
  return seen ? (u32)request : 0;
}

// Reads a number of up to 31 bits. Returns what follows it; 0: there is none.
static const u8 *short_varint(const u8 *from, const u8 *end, u32 *number) {
  u32 found = 0;
  for (u32 shift = 0; shift < 35 && from < end; shift += 7) {
    u32 byte = *from++;
    if (shift == 28 && byte > 7) return 0;
    found |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      *number = found;
      return from;
    }
  }
  return 0;
}

static int is_new(u64 *bits, u32 bit) {
  u64 one = 1ull << bit % 64;
  if (bits[bit / 64] & one) return 0;
  bits[bit / 64] |= one;
  return 1;
}

static const u8 *read_field(const Field *field, u32 wire, const u8 *from, const u8 *end) {
  double value;
  if (field->kind == FACT_DECIMAL) {
    if (wire != 1 || end - from < 8) return 0;
    __builtin_memcpy(&value, from, 8);
    from += 8;
  } else {
    u32 number;
    if (wire != 0 || !(from = short_varint(from, end, &number))) return 0;
    value = number;
  }
  if (field->kind == FACT_ENUM) {
    if (!(value < field->values) || !(base + field->allowed)[(u32)value]) return 0;
  } else if (!(value >= field->least && value <= field->most)) {
    return 0;
  }
  number[field->slot] = value;
  return from;
}

static int read_group(const Group *group, const u8 *from, const u8 *end) {
  const Field *fields = AT(Field, field);
  while (from < end) {
    u32 tag;
    if (!(from = short_varint(from, end, &tag)) || tag >> 3 >= group->fields) return 0;
    const Field *field = fields + group->first + (tag >> 3);
    if (field->slot == NONE || !is_new(seen, field->slot)) return 0;
    if (!(from = read_field(field, tag & 7, from, end))) return 0;
  }
  return 1;
}

static u32 read_from(const u8 *from, u32 size) {
  const u8 *end = from + size;
  u64 groups = 0;
  clear(seen, im->fact_words);
  __builtin_memcpy(number, AT(double, start_number), 8 * im->facts);
  while (from < end) {
    u32 tag, length;
    if (!(from = short_varint(from, end, &tag)) || (tag & 7) != GROUP_MESSAGE) return ODD;
    if (tag >> 3 >= im->groups || !is_new(&groups, tag >> 3)) return ODD;
    if (!(from = short_varint(from, end, &length)) || length > (u32)(end - from)) return ODD;
    const Group *group = AT(Group, group) + (tag >> 3);
    if (!group->fields || !read_group(group, from, from + length)) return ODD;
    from += length;
  }
  return READ;
}
