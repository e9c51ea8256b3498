/* Draws every [data-plot] from the JSON beside it, in the colours of the theme, and again when that changes. */
(function () {
  "use strict";

  var library = document.currentScript.getAttribute("data-echarts");
  var loading = null;
  var drawn = new Map();
  var resized = new ResizeObserver(function (entries) {
    entries.forEach(function (entry) {
      var chart = drawn.get(entry.target);
      if (chart) chart.resize();
    });
  });

  function load() {
    if (window.echarts) return Promise.resolve();
    if (!loading) {
      loading = new Promise(function (resolve, reject) {
        var script = document.createElement("script");
        script.src = library;
        script.onload = resolve;
        script.onerror = reject;
        document.head.append(script);
      });
    }
    return loading;
  }

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--lt-" + name).trim();
  }

  function theme() {
    return {
      ink: colour("ink"),
      quiet: colour("ink-2"),
      line: colour("line"),
      surface: colour("raised"),
      series: [colour("plot-1"), colour("plot-2"), colour("plot-3"), colour("plot-4"), colour("plot-5")],
    };
  }

  function shortValue(data) {
    var compact = new Intl.NumberFormat(data.locale, { notation: "compact", maximumFractionDigits: 1 });
    return function (value) {
      if (data.unit === "money") return data.symbol + compact.format(value / Math.pow(10, data.digits));
      if (data.unit === "percent") return value + " %";
      return compact.format(value);
    };
  }

  function tooltip(data, look) {
    return {
      trigger: "axis",
      renderMode: "richText", // drawn on the canvas: an HTML tooltip would need inline styles
      confine: true,
      backgroundColor: look.surface,
      borderColor: look.line,
      padding: [8, 12],
      textStyle: { color: look.ink, fontFamily: fontOf(), fontSize: 13 },
      axisPointer: { type: data.kind === "line" ? "line" : "shadow", lineStyle: { color: look.line } },
      formatter: function (points) {
        var lines = points.map(function (point) {
          var row = data.series[point.seriesIndex];
          return (data.series.length > 1 ? row.name + "  " : "") + row.texts[point.dataIndex];
        });
        return [data.labels[points[0].dataIndex]].concat(lines).join("\n");
      },
    };
  }

  function fontOf() {
    return getComputedStyle(document.body).fontFamily;
  }

  function seriesOf(data, look) {
    return data.series.map(function (row, place) {
      var tint = look.series[place % look.series.length];
      if (data.kind === "line") {
        return {
          type: "line", name: row.name, data: row.values, smooth: 0.25, symbol: "circle", symbolSize: 7,
          showSymbol: row.values.length < 3, lineStyle: { width: 2.5, color: tint }, itemStyle: { color: tint },
          areaStyle: data.series.length === 1 ? { color: tint, opacity: 0.1 } : undefined,
        };
      }
      return {
        type: "bar", name: row.name, data: row.values, stack: data.stacked ? "all" : undefined, barMaxWidth: 28,
        itemStyle: { color: tint, borderRadius: data.stacked ? 0 : data.kind === "funnel" ? [0, 6, 6, 0] : [6, 6, 0, 0] },
        label: data.kind === "funnel" && !data.stacked ? {
          show: true, position: "right", color: look.ink, fontFamily: fontOf(), fontSize: 13,
          formatter: function (point) { return row.texts[point.dataIndex]; },
        } : undefined,
      };
    });
  }

  function axes(data, look) {
    var words = { color: look.quiet, fontFamily: fontOf(), fontSize: 12 };
    var names = {
      type: "category", data: data.labels, axisTick: { show: false }, boundaryGap: data.kind !== "line",
      axisLine: { lineStyle: { color: look.line } }, axisLabel: Object.assign({ hideOverlap: true }, words),
    };
    var numbers = {
      type: "value", minInterval: data.unit === "count" ? 1 : undefined, splitNumber: 4,
      splitLine: { lineStyle: { color: look.line } },
      axisLabel: Object.assign({ formatter: shortValue(data) }, words),
    };
    if (data.kind !== "funnel") return { xAxis: names, yAxis: numbers };
    names.inverse = true;
    names.axisLine = { show: false };
    names.axisLabel.color = look.ink;
    numbers.show = false;
    numbers.max = "dataMax";
    return { xAxis: numbers, yAxis: names };
  }

  function options(data) {
    var look = theme();
    var many = data.series.length > 1;
    return Object.assign(
      {
        animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
        animationDuration: 400,
        grid: { left: 4, right: data.kind === "funnel" && !data.stacked ? 64 : 12, top: many ? 36 : 12, bottom: 4, containLabel: true },
        legend: many ? { top: 0, left: 0, icon: "roundRect", itemWidth: 12, itemHeight: 12, textStyle: { color: look.quiet, fontFamily: fontOf() } } : undefined,
        tooltip: tooltip(data, look),
        series: seriesOf(data, look),
      },
      axes(data, look)
    );
  }

  function dataOf(area) {
    return JSON.parse(document.getElementById(area.getAttribute("data-plot")).textContent);
  }

  function draw(area) {
    var chart = drawn.get(area);
    if (!chart) {
      chart = window.echarts.init(area, null, { renderer: "canvas" });
      drawn.set(area, chart);
      resized.observe(area);
    }
    chart.setOption(options(dataOf(area)), true);
  }

  function drop() {
    drawn.forEach(function (chart, area) {
      if (area.isConnected) return;
      resized.unobserve(area);
      chart.dispose();
      drawn.delete(area);
    });
  }

  function drawAll(onlyNew) {
    drop();
    var areas = Array.from(document.querySelectorAll("[data-plot]")).filter(function (area) {
      return !(onlyNew && drawn.has(area));
    });
    if (areas.length) load().then(function () { areas.forEach(draw); });
  }

  document.addEventListener("livetill:theme", function () { drawAll(false); });
  document.addEventListener("htmx:afterSettle", function () { drawAll(true); });
  drawAll(false);
})();
