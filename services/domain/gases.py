"""Gases in a toilet's air: sensors tell parts per million, the standards limit milligrams per cubic metre."""

MOLAR_VOLUME_L = 24.45
"""Of any gas at 25 °C and 1 atm; mg/m³ = ppm · molar mass / molar volume."""
NH3_MG_M3_PER_PPM = 17.031 / MOLAR_VOLUME_L
H2S_MG_M3_PER_PPM = 34.081 / MOLAR_VOLUME_L

H2S_LIMIT = "toilet_h2s_mg_m3"
NH3_LIMITS = {
    spelling: f"toilet_nh3_class_{number}_mg_m3"
    for number, spellings in {1: ("1", "一类", "一"), 2: ("2", "二类", "二"), 3: ("3", "三类", "三")}.items()
    for spelling in spellings
}
"""The limit of ammonia by the toilet's class, however the register spells it."""
