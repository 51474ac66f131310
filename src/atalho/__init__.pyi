from atalho import blocks as blocks
from atalho import lab as lab
from atalho import networks as networks
from atalho.api.compare import compare as compare
from atalho.api.doctor import doctor as doctor
from atalho.api.draw import draw as draw
from atalho.api.evaluate import evaluate as evaluate
from atalho.api.import_weights import import_file as import_file
from atalho.api.index import index as index
from atalho.api.search import search as search
from atalho.api.threshold import threshold as threshold
from atalho.api.train import resume as resume
from atalho.api.train import train as train
from atalho.errors import AtalhoError as AtalhoError
from atalho.gallery.rerank import Rerank as Rerank
from atalho.model import Model as Model
from atalho.model import load as load
from atalho.networks.build import create as create
from atalho.networks.catalogue import list_models as list_models
from atalho.networks.network import Network as Network
from atalho.networks.weights import export_weights as export_weights
from atalho.networks.weights import import_weights as import_weights
from atalho.runs.run import Run as Run

__version__: str
