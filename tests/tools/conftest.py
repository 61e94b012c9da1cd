"""A run's report as the simulator gives it, small but complete."""

from __future__ import annotations

from typing import Any

import pytest

ENERGY_AJ = {
    "main_memory": 936_000_000, "sensing": 103_500_000, "arrays": 19_350_000, "dacs": 14_175_000,
    "neurons_adcs": 6_142_000, "buses": 131_400_000, "leakage": 26_600_000, "program_erase": 0, "others": 59_400_000,
}  # fmt: skip
AREA_MM2 = {
    "main_memory": 0.00628, "sensing": 0.0359, "arrays": 0.0563, "dacs": 0.0105,
    "neurons_adcs": 0.00126, "program_erase": 0.517, "others": 1.02,
}  # fmt: skip
CONFIG = {"clock_ns": 1.785, "memory": {"retention_s": 0.01}}
INFERENCES = 4
CYCLES = 480


def _by_component(share: int) -> dict[str, float]:
    return {name: energy / share * 1e-18 for name, energy in ENERGY_AJ.items()}


def _inference(index: int, cycles: int) -> dict[str, Any]:
    whole = sum(ENERGY_AJ.values()) // INFERENCES
    return {
        "index": index,
        "start_cycle": 90 * index,
        "end_cycle": 90 * index + cycles,
        "latency_s": cycles * 1.785e-9,
        "energy_j": whole * 1e-18,
        "energy_aj": whole,
        "energy_by_component_j": _by_component(INFERENCES),
        "energy_by_component_aj": {name: energy // INFERENCES for name, energy in ENERGY_AJ.items()},
    }


@pytest.fixture
def report() -> dict[str, Any]:
    """A run of four digits: 480 cycles, three right."""
    whole = sum(ENERGY_AJ.values())
    return {
        "schema": "acortex.run/1",
        "program": {"name": "digits_mlp", "sha256": "ab" * 32, "instructions": 57},
        "chip": {"name": "acortex_digits", "sha256": "cd" * 32, "config": CONFIG},
        "clock_ns": 1.785, "cycles": CYCLES, "latency_s": CYCLES * 1.785e-9,
        "energy_j": whole * 1e-18, "energy_aj": whole, "power_w": whole * 1e-18 / (CYCLES * 1.785e-9),
        "energy_by_component_j": _by_component(1), "energy_by_component_aj": dict(ENERGY_AJ),
        "area_mm2": sum(AREA_MM2.values()), "area_by_component_mm2": dict(AREA_MM2),
        "macs": 50_816 * INFERENCES, "throughput_ops_per_s": 4.74e11, "efficiency_ops_per_j": 3.13e14,
        "counts": {"main_memory.reads": 60, "main_memory.writes": 60, "array_operations": 60, "conversions": 296},
        "utilisation": {
            "controller": {"busy": 228, "waiting": 240, "idle": 12},
            "main_memory": {"busy": 240, "waiting": 0, "idle": 240},
            "vmm": {"busy": 204, "waiting": 276, "idle": 0},
            "neurons": {"busy": 128, "waiting": 340, "idle": 12},
        },
        "waits": [
            {"unit": "neurons", "cause": "frame", "cycles": 340},
            {"unit": "vmm", "cause": "buffer_full", "cycles": 270},
            {"unit": "controller", "cause": "queue", "cycles": 240},
            {"unit": "vmm", "cause": "neurons", "cycles": 6},
        ],
        "layers": [
            {"name": "hidden", "cycles": 300, "energy_j": whole * 0.8e-18, "energy_aj": 0, "macs": 50_176 * INFERENCES},
            {"name": "output", "cycles": 150, "energy_j": whole * 0.15e-18, "energy_aj": 0, "macs": 640 * INFERENCES},
            {"name": "-", "cycles": 30, "energy_j": whole * 0.05e-18, "energy_aj": 0, "macs": 0},
        ],
        "inferences": [_inference(index, cycles) for index, cycles in enumerate((200, 210, 210, 220))],
        "retention": {"late_reads": 0, "worst": None, "pairs": []},
        "accuracy": 0.75,
        "setup": {
            "cycles": 1_000_000, "latency_s": 1.785e-3, "energy_j": 3.2e-6, "energy_aj": 3_200_000_000_000,
            "energy_by_component_j": {"leakage": 1e-7, "program_erase": 3.1e-6},
            "energy_by_component_aj": {"leakage": 100_000_000_000, "program_erase": 3_100_000_000_000},
        },
        "power": {
            "average_w": 1.51e-3, "leakage_w": 3.1e-5, "peak_w": 3.02e-3, "peak_cycle": 240, "window_s": 4.284e-7,
            "window_cycles": 240, "windows_aj": [whole // 3, whole - whole // 3],
        },
        "memory": {
            "capacity_words": 32_768, "written_words": 120, "peak_words": 60, "peak_cycle": 200,
            "peak_share": 60 / 32_768, "mean_words": 30.0, "current_words": 10, "current_share": 10 / 32_768,
        },
        "verification": {"equal": True, "codes": 40, "different": 0, "first": None},
        "trace": "run.actrace",
    }  # fmt: skip
