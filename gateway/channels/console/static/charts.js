// Draws charts beside tables that say the same; without it the tables remain.
"use strict";
(() => {
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const numbers = (said) => new Intl.NumberFormat(said.locale, { notation: "compact", maximumFractionDigits: 1 });
  // Amounts come as decimal text, because they may be longer than what a number of JavaScript keeps; a line is no more
  // exact than its pixels.
  const values = (texts) => texts.map((text) => (text === null ? null : Number(text)));
  function draw(figure, said) {
    const box = figure.querySelector(".plot");
    const height = 260, styles = [[ink("--bad"), []], [ink("--brand"), [8, 4]], [ink("--wait"), [2, 3]]];
    const short = numbers(said), rtl = document.documentElement.dir === "rtl";
    // A canvas is drawn from the left: a number with its unit is told to read the other way where the page does.
    const read = (text) => (rtl ? `\u2067${text}\u2069` : text);
    const options = {
      width: Math.max(240, box.clientWidth), height, padding: [12, 48, 0, 48],
      legend: { show: false }, cursor: { drag: { x: false, y: false } },
      scales: { x: { time: false, dir: rtl ? -1 : 1 } },
      axes: [
        { values: (_plot, ticks) => ticks.map((at) => (Number.isInteger(at) ? said.days[at] ?? "" : "")), space: 90, stroke: ink("--soft"), grid: { show: false }, font: "12px " + getComputedStyle(figure).fontFamily },
        { values: (_plot, ticks) => ticks.map((value) => read(short.format(value))), size: 56, side: rtl ? 1 : 3, stroke: ink("--soft"), grid: { stroke: ink("--line"), width: 1 }, font: "12px " + getComputedStyle(figure).fontFamily },
      ],
      series: [{}, ...said.series.map((one, place) => ({ label: one.label, stroke: styles[place % 3][0], dash: styles[place % 3][1], width: 2, points: { show: said.days.length < 3 } }))],
    };
    box.replaceChildren();
    const plot = new uPlot(options, [said.days.map((_day, place) => place), ...said.series.map((one) => values(one.values))], box);
    new ResizeObserver(() => plot.setSize({ width: Math.max(240, box.clientWidth), height })).observe(box);
    figure.dataset.drawn = "yes";
  }
  async function load(figure) {
    const answer = await fetch(figure.dataset.url, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`chart: ${answer.status}`);
    draw(figure, await answer.json());
  }
  for (const figure of document.querySelectorAll("figure[data-url]")) {
    load(figure).catch(() => { figure.querySelector(".plot").hidden = true; });
  }
})();
