"""The settings of an experiment, declared once: what they may be, and which make another run."""

from mmtlib.config.all_settings import SETTINGS as SETTINGS
from mmtlib.config.data_sets import DATA_SETS as DATA_SETS
from mmtlib.config.data_sets import DataSet as DataSet
from mmtlib.config.data_sets import register_dataset as register_dataset
from mmtlib.config.declare import Setting as Setting
from mmtlib.config.experiment_config import ExperimentConfig as ExperimentConfig
from mmtlib.config.experiment_config import hash_settings as hash_settings
from mmtlib.config.methods import CONTROLS as CONTROLS
from mmtlib.config.methods import METHODS as METHODS
from mmtlib.config.methods import Control as Control
from mmtlib.config.methods import Method as Method
from mmtlib.config.methods import method_titles as method_titles
from mmtlib.config.methods import register_control as register_control
from mmtlib.config.methods import register_method as register_method
from mmtlib.config.networks import NETWORKS as NETWORKS
from mmtlib.config.networks import Network as Network
from mmtlib.config.networks import register_network as register_network
from mmtlib.config.presets import PRESETS as PRESETS
from mmtlib.config.presets import default_preset as default_preset
from mmtlib.config.recipes import RECIPES as RECIPES
from mmtlib.config.recipes import Recipe as Recipe
from mmtlib.config.transfer import Transfer as Transfer
from mmtlib.config.transfer_settings import TransferSettings as TransferSettings
