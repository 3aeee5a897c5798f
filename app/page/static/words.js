// Figures and times as people read them. Money is nano-USD, days are UTC, times of day are the reader's own.
const NANO = 1e9;

export function usd(nano) {
  const value = nano / NANO;
  if (value === 0) return "$0.00";
  if (value < 0.0001) return "<$0.0001";
  const digits = value >= 0.1 ? 2 : 4;
  return `$${value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

export const count = (number) => number.toLocaleString("en-US");

export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

export function tokens(number) {
  if (number < 1000) return String(number);
  if (number < 1e6) return `${(number / 1e3).toFixed(number < 1e4 ? 1 : 0)}k`;
  return `${(number / 1e6).toFixed(1)}M`;
}

export function lasting(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

export function when(iso) {
  const time = new Date(iso);
  const now = new Date();
  const clock = time.toLocaleTimeString("en-GB", CLOCK);
  if (time.toDateString() === now.toDateString()) return clock;
  const day = { day: "numeric", month: "short", ...(time.getFullYear() === now.getFullYear() ? {} : { year: "numeric" }) };
  return `${time.toLocaleDateString("en-GB", day)}, ${clock}`;
}

export const exactly = (iso) => `${new Date(iso).toISOString().replace("T", " ").slice(0, 19)} UTC`;

export const dayName = (day) =>
  new Date(`${day}T12:00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

export const STATUS = {
  running: ["warn", "running"],
  completed: ["done", "completed"],
  failed: ["bad", "failed"],
  cancelled: ["off", "cancelled"],
  interrupted: ["warn", "interrupted"],
};
