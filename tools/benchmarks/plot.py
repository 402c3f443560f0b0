"""Draws results.svg from the measurements with matplotlib, which only `make bench` installs."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tools.benchmarks import events
from tools.benchmarks.measure import SIDES
from tools.benchmarks.results import Results

HERE = Path(__file__).parent
COLORS = {"compiled": "#d4a72c", "naive": "#8c959f", "ours": "#0969da"}


def draw(results: Results) -> None:
    """Write results.svg, with one chart each for first events, warm events and memory; every axis starts at 0."""
    mpl.rcParams.update({"svg.hashsalt": "results", "svg.fonttype": "none", "font.size": 9})
    figure = Figure(figsize=(11, 4), layout="constrained")
    first, warm, memory = figure.subplots(1, 3)
    _bars(first, results, "first")
    _bars(warm, results, "warm")
    _lines(memory, results)
    figure.legend(*first.get_legend_handles_labels(), loc="outside lower center", ncols=len(SIDES), frameon=False)
    figure.savefig(HERE / "results.svg", metadata={"Date": None})


def _bars(axes: Axes, results: Results, kind: str) -> None:
    cost = "instructions" if results.counted else "cpu"
    width = 0.8 / len(SIDES)
    for number, (side, name) in enumerate(SIDES.items()):
        heights = [getattr(results.costs[action, side], f"{kind}_{cost}") for action in events.ACTIONS]
        positions = [index + (number - 1) * width for index in range(len(events.ACTIONS))]
        bars = axes.bar(positions, heights, width, label=name, color=COLORS[side])
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=6, rotation=90, padding=2)
    axes.set_xticks(range(len(events.ACTIONS)), events.ACTIONS, fontsize=7)
    title = {"first": "first event after the imports", "warm": "warm"}[kind]
    axes.set_title(f"{title}: {'million instructions' if results.counted else 'ms of CPU time'}")
    axes.set_ylim(0, 1.15 * axes.get_ylim()[1])  # leaves space for the figures above the bars
    axes.spines[["top", "right"]].set_visible(False)


def _lines(axes: Axes, results: Results) -> None:
    for side, memory in results.memory.items():
        counts = sorted(memory)
        axes.plot(counts, [memory[count] for count in counts], color=COLORS[side], linewidth=2)
    axes.axhline(256, color="#cf222e", linestyle=":", linewidth=1)
    axes.annotate("Lambda ends the function", (1, 256), xytext=(2, 3), textcoords="offset points", fontsize=7)
    axes.set_xscale("log")
    axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    axes.set_xlabel("events in one process (log scale)")
    axes.set_title("resident memory, MB")
    axes.set_ylim(0, 280)
    axes.spines[["top", "right"]].set_visible(False)
