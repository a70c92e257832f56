// The tables of better-auth in LevelDB: one key for each row, `<table>!<id>`, its value the row as JSON. A table is read whole
// to find a row by anything but its id, which suits thousands of accounts. Writes take turns, so that nothing comes between
// what is read and what is written because of it.

import { createAdapterFactory } from 'better-auth/adapters';

/** How a row's value is compared with what is asked for. Absent values count as null. */
const comparisons = {
  eq: (value, wanted) => value === wanted,
  ne: (value, wanted) => value !== wanted,
  lt: (value, wanted) => value !== null && value < wanted,
  lte: (value, wanted) => value !== null && value <= wanted,
  gt: (value, wanted) => value !== null && value > wanted,
  gte: (value, wanted) => value !== null && value >= wanted,
  in: (value, wanted) => wanted.includes(value),
  not_in: (value, wanted) => !wanted.includes(value),
};

/** The rows of all tables. */
class Rows {
  #db;
  #last = Promise.resolve();

  constructor(db) {
    this.#db = db;
  }

  async find(table, where = []) {
    const [only] = where;
    if (where.length === 1 && only.field === 'id' && only.operator === 'eq') {
      const row = await this.#db.get(`${table}!${only.value}`);
      return row === undefined ? [] : [row];
    }
    const rows = await this.#db.values({ gte: `${table}!`, lt: `${table}"` }).all();
    return rows.filter((row) => fits(row, where));
  }

  add(table, row) {
    return this.#inTurn(() => this.#write('put', table, [row]));
  }

  /** Changes the rows that are found, or the first of them; returns them as they are then. */
  change(table, where, changeOf, most) {
    return this.#inTurn(async () => {
      const rows = (await this.find(table, where)).slice(0, most);
      const changed = rows.map((row) => ({ ...row, ...changeOf(row) }));
      await this.#write('put', table, changed);
      return changed;
    });
  }

  /** Removes the rows that are found, or the first of them; returns them. */
  take(table, where, most) {
    return this.#inTurn(async () => {
      const rows = (await this.find(table, where)).slice(0, most);
      await this.#write('del', table, rows);
      return rows;
    });
  }

  #inTurn(work) {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  #write(type, table, rows) {
    const changes = rows.map((row) => ({ type, key: `${table}!${row.id}`, value: row }));
    return this.#db.batch(changes, { sync: true });
  }
}

/** The adapter for better-auth's option `database`, on an open `Level` with JSON values. */
export function levelAdapter(db) {
  const rows = new Rows(db);
  return createAdapterFactory({
    config: { adapterId: 'level', adapterName: 'LevelDB', supportsDates: false, supportsNumericIds: false },
    adapter: () => ({
      create: async ({ model, data }) => {
        await rows.add(model, data);
        return data;
      },
      findOne: async ({ model, where }) => (await rows.find(model, where))[0] ?? null,
      findMany: async ({ model, where, sortBy, offset = 0, limit }) =>
        sorted(await rows.find(model, where), sortBy).slice(offset, offset + limit),
      count: async ({ model, where }) => (await rows.find(model, where)).length,
      update: async ({ model, where, update }) =>
        (await rows.change(model, where, () => update, 1))[0] ?? null,
      updateMany: async ({ model, where, update }) => (await rows.change(model, where, () => update)).length,
      delete: ({ model, where }) => rows.take(model, where),
      deleteMany: async ({ model, where }) => (await rows.take(model, where)).length,
      consumeOne: async ({ model, where }) => (await rows.take(model, where, 1))[0] ?? null,
      incrementOne: async ({ model, where, increment, set }) =>
        (await rows.change(model, where, (row) => ({ ...set, ...added(row, increment) }), 1))[0] ?? null,
    }),
  });
}

function fits(row, where) {
  const holds = ({ field, operator, value }) => {
    const compare = comparisons[operator];
    if (compare === undefined) throw new Error(`the adapter knows no operator ${operator}`);
    return compare(row[field] ?? null, value);
  };
  const any = where.filter(({ connector }) => connector === 'OR');
  const all = where.filter(({ connector }) => connector !== 'OR');
  return all.every(holds) && (any.length === 0 || any.some(holds));
}

function added(row, increment) {
  return Object.fromEntries(Object.entries(increment).map(([field, by]) => [field, (row[field] ?? 0) + by]));
}

function sorted(rows, sortBy) {
  if (sortBy === undefined) return rows;
  const { field, direction } = sortBy;
  const sign = direction === 'desc' ? -1 : 1;
  return rows.sort((a, b) => sign * (a[field] < b[field] ? -1 : a[field] > b[field] ? 1 : 0));
}
