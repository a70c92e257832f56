/** What tokens are signed with: the same for the routes of Next and for Heddle. */
export function secret(): string {
  const value = process.env['JWT_SECRET'];
  if (value === undefined) throw new Error('JWT_SECRET is not set');
  return value;
}
